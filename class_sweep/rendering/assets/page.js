"use strict";
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const heads = [...table.tHead.rows[0].cells];
  const number = (text) => {
    const plain = text.replace(/,|\s*%$/g, "");
    return plain !== "" && !Number.isNaN(Number(plain)) ? Number(plain) : null;
  };
  const compare = (one, other) => {
    const [a, b] = [number(one), number(other)];
    if (a !== null && b !== null) return a - b;
    return a !== null ? -1 : b !== null ? 1 : one.localeCompare(other);
  };
  heads.forEach((head, column) => {
    head.querySelector("button")?.addEventListener("click", () => {
      const descending = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", descending ? "descending" : "ascending");
      const text = (row) => row.cells[column].textContent;
      rows.sort((one, other) => {
        // Rows without a value are last in both orders.
        const missing = (text(one) === "–") - (text(other) === "–");
        return missing || (descending ? -1 : 1) * compare(text(one), text(other));
      });
      body.append(...rows);
    });
  });
  const filter = document.getElementById(`${table.id}-filter`);
  const count = document.querySelector(`output[for="${filter.id}"]`);
  const show = () => {
    const wanted = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const text = [...row.cells].map((cell) => cell.textContent).join(" ").toLowerCase();
      row.hidden = !wanted.every((word) => text.includes(word));
      shown += row.hidden ? 0 : 1;
    }
    count.textContent = `${shown} of ${rows.length}`;
  };
  filter.addEventListener("input", show);
  show();
}
(async () => {
  const stored = document.getElementById("figures");
  if (!stored) return; // a page without plots
  const figures = JSON.parse(stored.textContent);
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
      updatemenus: (layout.updatemenus ?? []).map((menu) => ({ ...menu, font: { color: text } })),
      hoverlabel: { bgcolor: back, bordercolor: line, font: { color: text } },
    };
  };
  const draw = (paper) => {
    for (const [name, { data, layout }] of Object.entries(figures)) {
      const place = document.getElementById(`plot-${name}`);
      const options = { responsive: true, displayModeBar: false };
      if (!place) continue;
      // The width of the sheet is unknown here; these widths fit A4 and Letter.
      const width = paper ? { width: place.closest(".plots") ? 320 : 660 } : {};
      Plotly.react(place, data, { ...painted(layout, paper), ...width }, options);
    }
  };
  draw(false);
  dark.addEventListener("change", () => draw(false));
  window.addEventListener("beforeprint", () => {
    document.querySelectorAll("details").forEach((hidden) => (hidden.open = true));
    draw(true);
  });
  window.addEventListener("afterprint", () => {
    draw(false);
    document.querySelectorAll(".plot").forEach((place) => Plotly.Plots.resize(place));
  });
})();
