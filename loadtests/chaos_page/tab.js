// Locust's page makes an element of this name where the tab is open. The page in it grows as it likes.
customElements.define("stormproof-chaos", class extends HTMLElement {
  connectedCallback() {
    const frame = document.createElement("iframe");
    frame.src = "./chaos/";
    frame.title = "Chaos";
    frame.style.cssText = "width: 100%; height: 60rem; border: 0";
    frame.onload = () => {
      const inner = frame.contentDocument.documentElement;
      new ResizeObserver(() => { frame.style.height = `${inner.offsetHeight + 20}px`; }).observe(inner);
    };
    this.replaceChildren(frame);
  }
});
