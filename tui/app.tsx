/** Components only render: rows come painted, one string each. */
import { Box, memo, Text } from "./ink.ts";

const Line = memo(function Line({ text }: { text: string }) {
  return <Text wrap="truncate-end">{text}</Text>;
});

export function App({ lines, columns }: { lines: readonly string[]; columns: number }) {
  return (
    <Box flexDirection="column" width={columns} height={lines.length} overflow="hidden">
      {lines.map((text, index) => (
        // A row's place is its identity.
        // oxlint-disable-next-line react/no-array-index-key
        <Line key={index} text={text === "" ? " " : text} />
      ))}
    </Box>
  );
}
