// Starts the app. A file of its own, because the content security policy allows no inline script.
performance.mark("guanxi:boot");

const isTooOld =
  typeof WebAssembly !== "object" ||
  typeof WebAssembly.instantiateStreaming !== "function" ||
  !("popover" in HTMLElement.prototype);

async function start() {
  const [glue, wasm] = await Promise.all([import("{{glue}}"), fetch("{{wasm}}")]);
  if (!wasm.ok) throw new Error(`${wasm.url}: ${wasm.status}`);
  await glue.default({ module_or_path: wasm });
}

if (isTooOld) {
  guanxiNotice(true);
} else {
  start().catch((error) => {
    console.error(error);
    guanxiNotice(false);
  });
}
