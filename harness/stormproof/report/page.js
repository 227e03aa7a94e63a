Bokeh.set_log_level("error");
Bokeh.embed.embed_item(JSON.parse(document.getElementById("drawing").textContent)).then(() => {
  const time = Bokeh.documents[0].get_model_by_name("time");
  const [first, last] = [time.start, time.end];
  const show = (start, end) => {
    const wide = Math.min(end - start, last - first);
    time.start = Math.max(first, Math.min(start, last - wide));
    time.end = time.start + wide;
  };
  const zoom = (by) => {
    const middle = (time.start + time.end) / 2;
    const half = (time.end - time.start) / 2 * by;
    show(middle - half, middle + half);
  };
  const pan = (by) => show(time.start + (time.end - time.start) * by, time.end + (time.end - time.start) * by);
  const keys = {
    ArrowLeft: () => pan(-0.2), ArrowRight: () => pan(0.2), "+": () => zoom(0.5), "-": () => zoom(2), 0: () => show(first, last),
  };
  document.getElementById("plots").addEventListener("keydown", (event) => {
    if (event.key in keys && !event.ctrlKey && !event.altKey && !event.metaKey) {
      keys[event.key]();
      event.preventDefault();
    }
  });
  document.body.dataset.drawn = "all";
});
