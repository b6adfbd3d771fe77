"use strict";
(async () => {
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const packed = document.getElementById("plotly").textContent;
  const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const library = document.createElement("script");
  library.textContent = await new Response(stream).text();
  document.head.append(library);

  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const colours = (paper) => {
    const style = getComputedStyle(document.documentElement);
    const of = (name, printed) => (paper ? printed : style.getPropertyValue(name).trim());
    const [text, line, back] = [of("--text", "#000"), of("--line", "#ccc"), of("--back", "#fff")];
    const axis = { gridcolor: line, zerolinecolor: line, linecolor: line };
    return { text, back, line, axis };
  };
  const painted = (layout, paper) => {
    const { text, back, line, axis } = colours(paper);
    return {
      ...layout,
      xaxis: { ...layout.xaxis, ...axis },
      yaxis: { ...layout.yaxis, ...axis },
      font: { color: text, family: "system-ui, sans-serif", size: 12 },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      hoverlabel: { bgcolor: back, bordercolor: line, font: { color: text } },
    };
  };
  const draw = (paper) => {
    for (const [name, { data, layout }] of Object.entries(figures)) {
      const place = document.getElementById(`plot-${name}`);
      const options = { responsive: true, displayModeBar: false };
      if (place) Plotly.react(place, data, painted(layout, paper), options);
    }
  };
  draw(false);
  dark.addEventListener("change", () => draw(false));
  window.addEventListener("beforeprint", () => {
    document.querySelectorAll("details").forEach((hidden) => (hidden.open = true));
    draw(true);
  });
  window.addEventListener("afterprint", () => draw(false));
})();
