/** The one place that imports Ink and React: versions and quirks are dealt with here. */
export { Box, type Instance, render, Text } from "ink";
export { memo } from "react";
