// What must not happen in any test: violations of the content security policy, errors on the console, exceptions,
// lost requests, refusals that nobody expected, failures of the server.

export class Hygiene {
  #faults = [];
  #expected = [];

  /** Lets answers with this status pass whose path and query contain `part`. */
  expect(status, part = "") {
    this.#expected.push({ status, part });
  }

  /** Lets requests be lost whose address contains `part`. */
  expectLost(part) {
    this.expect(0, part);
  }

  #fits(status, url) {
    return this.#expected.some((expected) => expected.status === status && url.includes(expected.part));
  }

  async watch(context) {
    await context.exposeBinding("guanxiViolation", (_, text) => this.#faults.push(`policy: ${text}`));
    await context.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", (event) => {
        window.guanxiViolation(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
      });
    });
    context.on("console", (message) => {
      if (message.type() !== "error") return;
      // The browser reports every refusal and every lost request on the console as well; those are judged below.
      const lost = message.text().match(/^Failed to load resource: (?:the server responded with a status of (\d+)|net::)/);
      if (lost && this.#fits(Number(lost[1] ?? 0), message.location().url)) return;
      this.#faults.push(`console: ${message.text()} ${message.location().url}`);
    });
    context.on("weberror", (error) => this.#faults.push(`exception: ${error.error()}`));
    context.on("requestfailed", (request) => {
      const why = request.failure()?.errorText ?? "";
      // Leaving a page gives up what it still waits for.
      if (why === "net::ERR_ABORTED" || this.#fits(0, request.url())) return;
      this.#faults.push(`request: ${request.method()} ${request.url()} ${why}`);
    });
    context.on("response", (response) => {
      const status = response.status();
      if (status < 400 || this.#fits(status, response.url())) return;
      this.#faults.push(`answer: ${status} ${response.request().method()} ${response.url()}`);
    });
  }

  faults() {
    return this.#faults;
  }

  /** For the tests that make faults on purpose. */
  forgive() {
    this.#faults = [];
  }
}
