// Fills the plots of a system that goes on: `data` by source and column. What is not known is null there, and no point here.
function fillBoard(drawn, data) {
  for (const [name, columns] of Object.entries(data)) {
    const numbers = (values) => values.map((value) => (value === null ? NaN : value));
    drawn.get_model_by_name(name).data = Object.fromEntries(Object.entries(columns).map(([each, values]) => [each, numbers(values)]));
  }
  const lanes = drawn.roots()[0].children.at(-1); // The last plot of all is that of the windows.
  lanes.y_range.factors = [...new Set(data.windows.lane)].sort().reverse();
  lanes.height = 60 + 22 * Math.max(2, lanes.y_range.factors.length);
}
