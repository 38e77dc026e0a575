export { startTui, type Tui, type TuiOptions } from "./tui.tsx";
