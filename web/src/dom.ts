// Makes elements. Text only ever becomes text: no name of the farm's is taken
// for markup.

type Child = Node | string | null | undefined | false;
type Attributes = Record<string, string | boolean | (() => void)>;

export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K, attributes: Attributes = {}, ...children: Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") {
      made.addEventListener(name, value);
    } else if (typeof value === "boolean") {
      made.toggleAttribute(name, value);
    } else {
      made.setAttribute(name, value);
    }
  }
  for (const child of children) {
    if (child !== null && child !== undefined && child !== false) {
      made.append(child);
    }
  }
  return made;
}

export function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found;
}

// Puts what is known where the skeleton was. Left alone where nothing changed,
// so that a selection and the focus stay.
export function fill(id: string, ...children: Child[]): void {
  const place = byId(id);
  const fresh = document.createElement(place.tagName);
  fresh.append(...children.filter(
    (child): child is Node | string => Boolean(child)));
  place.removeAttribute("aria-busy");
  if (fresh.innerHTML === place.innerHTML) return;
  place.replaceChildren(...fresh.childNodes);
}

export function table(caption: string, heads: string[], rows: Child[][],
                      numeric: number[] = []): HTMLElement {
  const kind = (at: number): Attributes =>
    numeric.includes(at) ? { class: "number" } : {};
  const made = el("table", {},
    el("caption", { class: "unseen" }, caption),
    el("thead", {}, el("tr", {}, ...heads.map((head, at) =>
      el("th", { scope: "col", ...kind(at) }, head)))),
    el("tbody", {}, ...rows.map((row) => el("tr", {}, ...row.map((cell, at) =>
      at === 0 ? el("th", { scope: "row", ...kind(at) }, cell)
               : el("td", kind(at), cell))))));
  // Wider than a phone: it scrolls by itself, by keys too.
  return el("div", { class: "scroll", tabindex: "0", role: "region",
                     "aria-label": caption }, made);
}

export function copyButton(text: string, what: string): HTMLElement {
  const button = el("button", { type: "button", class: "copy",
                                "aria-label": `Copy ${what}` }, "Copy");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      // Without a secure origin there is no clipboard: the text is selected.
      const shown = button.parentElement?.querySelector("code");
      if (shown) getSelection()?.selectAllChildren(shown);
      button.textContent = "Selected";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
  return button;
}
