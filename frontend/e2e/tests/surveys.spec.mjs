// Satisfaction, from the first question of a questionnaire to the task that follows a low score up; and the page on which
// customers answer, which works without any script.
import { randomUUID } from "node:crypto";

import { Api, SIGN_INS } from "../support/api.mjs";
import { look, PHONE, pressEscape } from "../support/look.mjs";
import { unavailable } from "../support/problems.mjs";
import { anotherDevice, expect, test } from "../support/test.mjs";
import { LANGUAGES, wordsOf } from "../support/words.mjs";

const DAY = 86_400_000;
// What the page may weigh at its first load, with everything that it asks for.
const MOST_BYTES = 30_000;
const SAID = "等了四十分钟，没有人解释。\nNobody said why.";

const inDays = (days) => new Date(Date.now() + days * DAY).toISOString();
const unique = () => randomUUID().slice(-8);

/** The questions of the tests: a score, what is asked after a low one, and one of each other kind. */
function questions() {
  const text = (zh, en) => ({ "zh-CN": zh, en });
  const options = [
    { code: "branch", label: text("网点", "Branch") },
    { code: "app", label: text("手机银行", "Mobile banking") },
  ];
  return [
    { key: "recommend", kind: "nps", text: text("您有多大可能向朋友推荐我们？", "How likely are you to recommend us?"), required: true },
    { key: "why", kind: "text", text: text("是什么让您失望？", "What disappointed you?"), ask_if: { question: "recommend", at_most: 6 } },
    { key: "service", kind: "csat", text: text("您对服务满意吗？", "How satisfied are you with our service?"), required: true, dimension: "overall" },
    { key: "effort", kind: "ces", text: text("办理业务容易吗？", "How easy was it?"), help: text("想一想最近一次", "Think of the last time") },
    { key: "channel", kind: "single_choice", text: text("您最常用哪个渠道？", "Which channel do you use most?"), options },
    { key: "channels", kind: "multiple_choice", text: text("您用过哪些渠道？", "Which channels have you used?"), options },
  ];
}

async function publishedQuestionnaire(api) {
  const title = { "zh-CN": `服务回访 ${unique()}`, en: `Service survey ${unique()}` };
  const made = await api.create("/questionnaires", { title, questions: questions() });
  return api.change(`/questionnaires/${made.id}`, undefined, "POST", "/publish");
}

async function openSurvey(api, more = {}) {
  const questionnaire = await publishedQuestionnaire(api);
  const made = await api.create("/surveys", {
    name: `Survey ${unique()}`,
    questionnaire_id: questionnaire.id,
    closes_at: inDays(20),
    ...more,
  });
  return api.change(`/surveys/${made.id}`, undefined, "POST", "/open");
}

/** The link of a customer to a survey, as a path. */
async function linkFor(api, survey, customer) {
  const invited = await api.create(`/surveys/${survey.id}/invitations`, { customer_ids: [customer.id] });
  return new URL(invited.links[0].url).pathname;
}

for (const language of LANGUAGES) {
  test.describe(language, () => {
    test.use({ language });
    test.describe.configure({ timeout: 240_000 });

    const s = wordsOf(language, "server");
    const said = (name, values) => s(`survey_page.${name}`, values);

    test.describe("the head of an outlet", () => {
      test.use({ who: "outlet_head" });

      test("asks, is answered on a phone without script, and the owner has a task", async ({ page, app, t, browser, baseURL, hygiene }) => {
        const rm = await Api.as("rm");
        const customer = await rm.newPerson();
        const title = language === "en" ? `Counter service ${unique()}` : `柜台服务 ${unique()}`;
        const survey = language === "en" ? `Autumn wave ${unique()}` : `秋季回访 ${unique()}`;
        const zh = (key) => page.getByLabel(`${t(key)} · ${t("language.zh_cn")}`, { exact: true });
        const en = (key) => page.getByLabel(`${t(key)} · ${t("language.en")}`, { exact: true });

        await test.step("a questionnaire is written and published", async () => {
          await app.open("/surveys?tab=questionnaires");
          await app.button("questionnaire.new").click();
          await expect(page).toHaveURL(/\/questionnaires\/[0-9a-f-]{36}$/);
          await zh("questionnaire.title").fill(title);
          await en("questionnaire.title").fill(title);
          await app.button("builder.add").click();
          await app.field("builder.kind").selectOption("nps");
          await zh("builder.text").fill("您有多大可能向朋友推荐我们？");
          await app.button("builder.add").click();
          await app.field("builder.kind").selectOption("text");
          await page.getByLabel(t("builder.required"), { exact: true }).uncheck();
          await zh("builder.text").fill("是什么让您失望？");
          await en("builder.text").fill("What disappointed you?");
          await app.field("builder.ask_if").selectOption({ index: 1 });
          await app.field("builder.at_most").selectOption("6");

          // A translation is missing: it is not published, and the place is named.
          hygiene.expect(422, "/publish");
          await app.button("questionnaire.publish").click();
          const problems = page.getByRole("alert").filter({ hasText: t("builder.question", { number: "1" }) });
          await expect(problems).toBeVisible();
          await page.getByRole("listitem").getByRole("button", { name: /^1\. / }).click();
          await en("builder.text").fill("How likely are you to recommend us?");
          await app.button("questionnaire.publish").click();
          await expect(app.toast(t("questionnaire.published"))).toBeVisible();
          await expect(zh("builder.text"), "what is published is frozen").toBeDisabled();
        });

        await test.step("a survey asks it", async () => {
          await app.go("/surveys");
          await app.button("survey.new").click();
          const dialog = app.dialog("survey.new");
          await app.button("survey.create", {}, dialog).click();
          await expect(app.field("survey.name", dialog)).toHaveAttribute("aria-invalid", "true");
          await app.field("survey.name", dialog).fill(survey);
          const choice = dialog.locator("option", { hasText: title });
          await expect(choice).toHaveCount(1);
          await app.field("survey.questionnaire", dialog).selectOption(await choice.getAttribute("value"));
          await app.field("survey.last_day", dialog).fill(inDays(10).slice(0, 10));
          await app.button("survey.create", {}, dialog).click();
          await expect(page.getByRole("heading", { level: 1 })).toContainText(survey);
          await expect(page.getByRole("heading", { level: 1 })).toContainText(t("survey_status.draft"));
          await app.button("survey.open").click();
          await expect(page.getByRole("heading", { level: 1 })).toContainText(t("survey_status.open"));
        });

        const link = await test.step("the customer is invited", async () => {
          await page.getByRole("tab", { name: t("survey.invitations") }).click();
          await page.getByRole("combobox", { name: t("invite.pick") }).fill(customer.name);
          await page.getByRole("option", { name: new RegExp(customer.customer_no) }).click();
          await app.button("invite.these", { count: 1 }).click();
          const dialog = app.dialog("invite.links");
          await expect(dialog.getByRole("img", { name: t("invite.qr") })).toBeVisible();
          const url = (await dialog.locator("code").textContent()).trim();
          expect(new URL(url).pathname).toMatch(/^\/s\/[\w-]{20,}$/);
          await app.button("common.done", {}, dialog).click();
          const row = page.getByRole("table").locator("tbody tr").filter({ hasText: customer.name });
          await expect(row).toContainText(t("invitation_state.invited"));
          return new URL(url).pathname;
        });

        await test.step("the customer answers on a phone that runs no script", async () => {
          const theirs = await anotherDevice(browser, { baseURL, locale: language, viewport: PHONE, javaScriptEnabled: false }, hygiene);
          let bytes = 0;
          const weighed = [];
          theirs.on("requestfinished", (request) =>
            weighed.push(request.sizes().then((sizes) => (bytes += sizes.responseBodySize + sizes.responseHeadersSize))),
          );
          await theirs.goto(link);
          await expect(theirs.getByRole("heading", { level: 1, name: title })).toBeVisible();
          await Promise.all(weighed);
          expect(bytes, "all that the page loads, in bytes").toBeLessThanOrEqual(MOST_BYTES);
          await expect(theirs.locator("script")).toHaveCount(0);

          hygiene.expect(422, "/s/");
          await theirs.getByRole("button", { name: said("continue"), exact: true }).click();
          await expect(theirs.getByRole("alert")).toContainText(said("problems", { count: 1 }));
          await theirs.getByRole("radio", { name: "2", exact: true }).check();
          await theirs.getByRole("button", { name: said("continue"), exact: true }).click();
          await theirs.getByLabel(language === "en" ? "What disappointed you?" : "是什么让您失望？").fill(SAID);
          await theirs.getByRole("button", { name: said("send"), exact: true }).click();
          await expect(theirs.getByRole("heading", { level: 1, name: said("thanks_title") })).toBeVisible();

          await theirs.goto(link);
          await expect(theirs.getByRole("heading", { level: 1, name: said("answered_title") })).toBeVisible();
          await expect(theirs.getByRole("textbox")).toHaveCount(0);
          await theirs.context().close();
        });

        await test.step("the results and the words are there", async () => {
          await page.reload();
          const row = page.getByRole("table").locator("tbody tr").filter({ hasText: customer.name });
          await expect(row).toContainText(t("invitation_state.answered"));
          await page.getByRole("tab", { name: t("survey.results") }).click();
          const nps = app.panel("results.nps");
          await expect(nps).toContainText("-100");
          await expect(nps).toContainText(t("results.uncertain"));
          await page.getByRole("tab", { name: t("survey.answers") }).click();
          const answer = page.getByRole("tabpanel").getByRole("listitem").filter({ hasText: customer.name });
          await expect(answer).toContainText("Nobody said why.");
          await expect(answer).toContainText(t("answer.low"));
          await expect(answer).toContainText(rm.me.display_name);
          await page.getByLabel(t("answers.low"), { exact: true }).check();
          await expect(answer).toBeVisible();
          await answer.getByRole("link", { name: customer.name }).click();
          await page.getByRole("tab", { name: t("nav.surveys") }).click();
          await expect(page.getByRole("tabpanel").getByRole("listitem")).toContainText(survey);
        });

        await test.step("the owner finds the task", async () => {
          const theirs = await anotherDevice(browser, { baseURL, locale: language }, hygiene);
          const them = new app.constructor(theirs, t);
          await rm.preferences({ language });
          await theirs.goto("/tasks");
          await them.signIn(SIGN_INS.rm);
          const task = theirs.getByRole("listitem").filter({ hasText: survey });
          await expect(task).toContainText(customer.name);
          await theirs.context().close();
        });
      });

      test("a survey is changed, also when a colleague was faster", async ({ page, app, t, api, hygiene }) => {
        hygiene.expect(412, "/api/v1/surveys/");
        const questionnaire = await publishedQuestionnaire(api);
        const name = `Survey ${unique()}`;
        await app.open("/surveys");
        await app.button("survey.new").click();
        let dialog = app.dialog("survey.new");
        await app.field("survey.name", dialog).fill(name);
        await app.field("survey.questionnaire", dialog).selectOption(questionnaire.id);
        await app.field("survey.first_day", dialog).fill("2031-03-04");
        await app.field("survey.last_day", dialog).fill("2031-04-05");
        await dialog.locator("#survey-csat").selectOption("3");
        await dialog.locator("#survey-ces").selectOption("0");
        await app.button("survey.create", {}, dialog).click();
        await expect(page.getByRole("heading", { level: 1 })).toContainText(name);
        const id = page.url().match(/[0-9a-f-]{36}/)[0];
        const made = await api.get(`/surveys/${id}`);
        // Days are the bank's: from its midnight to its last second.
        expect([made.opens_at, made.closes_at]).toEqual(["2031-03-03T16:00:00.000000Z", "2031-04-05T15:59:59.000000Z"]);
        expect(made.low_score).toEqual({ csat: 3, nps: 6, ces: 0 });

        await app.button("survey.edit").click();
        dialog = app.dialog("survey.edit");
        await expect(app.field("survey.first_day", dialog)).toHaveValue("2031-03-04");
        await expect(app.field("survey.last_day", dialog)).toHaveValue("2031-04-05");
        await app.field("survey.name", dialog).fill("");
        await app.button("common.save", {}, dialog).click();
        await expect(app.field("survey.name", dialog)).toHaveAttribute("aria-invalid", "true");
        await app.field("survey.name", dialog).fill(`${name} mine`);
        await app.field("survey.last_day", dialog).fill("2031-05-06");
        await dialog.locator("#survey-nps").selectOption("-1");
        await api.change(`/surveys/${id}`, { name: `${name} theirs`, low_score: { csat: 4, nps: 6, ces: 0 } });
        await app.button("common.save", {}, dialog).click();
        const notice = dialog.getByRole("alert").filter({ hasText: t("conflict.replaces") });
        await expect(notice).toContainText(`${name} theirs`);
        await expect(app.field("survey.name", dialog)).toHaveValue(`${name} mine`);
        await expect(dialog.locator("#survey-csat"), "what was not touched is theirs").toHaveValue("4");
        await look(page, language, "survey-conflict");
        await app.button("common.save", {}, dialog).click();
        await expect(dialog).toHaveCount(0);
        await expect(page.getByRole("heading", { level: 1 })).toContainText(`${name} mine`);
        const after = await api.get(`/surveys/${id}`);
        expect([after.name, after.closes_at, after.low_score]).toEqual([
          `${name} mine`,
          "2031-05-06T15:59:59.000000Z",
          { csat: 4, nps: -1, ces: 0 },
        ]);

        await app.button("survey.open").click();
        await expect(page.getByRole("heading", { level: 1 })).toContainText(t("survey_status.open"));
        await app.button("survey.edit").click();
        await expect(dialog.getByText(t("survey.fixed"))).toBeVisible();
        await expect(app.field("survey.questionnaire", dialog)).toBeDisabled();
        await expect(app.field("survey.first_day", dialog)).toBeDisabled();
        await app.field("survey.last_day", dialog).fill("2031-03-04");
        await app.button("common.save", {}, dialog).click();
        await expect(dialog).toHaveCount(0);
        expect((await api.get(`/surveys/${id}`)).closes_at).toBe("2031-03-04T15:59:59.000000Z");
        await page.getByRole("tab", { name: t("customer.history") }).click();
        await expect(page.getByRole("tabpanel").getByRole("listitem").first()).toContainText("2031-03-04 23:59");
      });

      test("a questionnaire that a colleague has changed is not written over unasked", async ({ page, app, t, api, hygiene }) => {
        const titled = (en) => ({ title: { "zh-CN": "服务回访", en } });
        const made = await api.create("/questionnaires", { ...titled("Service survey"), questions: questions() });
        const path = `/questionnaires/${made.id}`;
        const kept = async () => (await api.get(path)).title.en;
        const title = page.getByLabel(`${t("questionnaire.title")} · ${t("language.en")}`, { exact: true });
        const save = app.button("common.save");
        await app.open(path);
        await expect(title).toHaveValue("Service survey");

        // What an earlier visit has left is not what is edited.
        await app.go("/surveys");
        await api.change(path, titled("Theirs, before"));
        await app.go(path);
        await expect(title).toHaveValue("Theirs, before");
        await title.fill("Mine");
        await save.click();
        await expect.poll(kept).toBe("Mine");
        await expect(save).toBeDisabled();

        hygiene.expect(412, `/api/v1${path}`);
        const notice = page.getByRole("alert").filter({ hasText: t("questionnaire.stale") });
        await title.fill("Mine again");
        await api.change(path, titled("Theirs"));
        await save.click();
        await expect(notice).toBeVisible();
        await expect(title, "what was entered stays").toHaveValue("Mine again");
        await expect(save).toBeDisabled();
        expect(await kept(), "nothing is written over").toBe("Theirs");
        await page.locator(".toasts [role=alert]").getByRole("button", { name: t("common.close") }).click();
        await look(page, language, "builder-conflict");
        await app.button("conflict.keep_theirs").click();
        await expect(notice).toHaveCount(0);
        await expect(title).toHaveValue("Theirs");

        await title.fill("Mine at last");
        await api.change(path, titled("Theirs again"));
        await save.click();
        await expect(notice).toBeVisible();
        await app.button("conflict.save_mine").click();
        await expect(notice).toHaveCount(0);
        await expect(title).toHaveValue("Mine at last");
        expect(await kept()).toBe("Mine at last");
      });

      test("questions that cannot be read are asked for again", async ({ page, app, t, api, hygiene }) => {
        const survey = await openSurvey(api);
        const questionnaire = /\/api\/v1\/questionnaires\/[0-9a-f-]{36}$/;
        hygiene.expect(503, "/api/v1/questionnaires/");
        await page.route(questionnaire, (route) =>
          route.fulfill({ status: 503, contentType: "application/problem+json", json: unavailable }),
        );
        await app.open(`/surveys/${survey.id}?tab=answers`);
        await app.button("answer.enter").click();
        const dialog = app.dialog("answer.enter");
        await expect(dialog.getByRole("alert")).toContainText(t("surveys.failed"));
        await page.unroute(questionnaire);
        await app.button("common.retry", {}, dialog).click();
        await expect(dialog.getByRole("group").first()).toBeVisible();
      });

      test("every screen in its states", async ({ page, app, t, api, hygiene }) => {
        const rm = await Api.as("rm");
        await app.open("/surveys");
        await expect(page.getByRole("table")).toBeVisible();
        await look(page, language, "surveys");
        await app.button("survey.new").click();
        await app.button("survey.create", {}, app.dialog("survey.new")).click();
        await expect(app.field("survey.name")).toHaveAttribute("aria-invalid", "true");
        await look(page, language, "survey-new");
        await pressEscape(page);
        await page.getByRole("tab", { name: t("questionnaire.list") }).click();
        await expect(page.getByRole("table")).toBeVisible();
        await look(page, language, "questionnaires");

        const draft = await api.create("/questionnaires", { title: { "zh-CN": "服务回访", en: "Service survey" }, questions: questions() });
        await app.go(`/questionnaires/${draft.id}`);
        await page.getByRole("listitem").getByRole("button", { name: /^5\. / }).click();
        await app.field("builder.ask_if").selectOption({ index: 1 });
        await look(page, language, "builder");
        const published = await publishedQuestionnaire(api);
        await app.go(`/questionnaires/${published.id}`);
        // The condition was not saved.
        await app.button("leaving.discard", {}, app.dialog("leaving.title")).click();
        await app.ready();
        await expect(page).toHaveURL(new RegExp(`${published.id}$`));
        await look(page, language, "builder-frozen");

        const survey = await openSurvey(api);
        await app.go(`/surveys/${survey.id}?tab=invitations`);
        await expect(page.getByRole("heading", { name: t("invite.none") })).toBeVisible();
        await look(page, language, "survey-invitations-none");
        await app.go(`/surveys/${survey.id}?tab=results`);
        await expect(page.getByRole("heading", { name: t("results.none") })).toBeVisible();
        await look(page, language, "survey-results-none");
        await app.go(`/surveys/${survey.id}?tab=answers`);
        await expect(page.getByRole("heading", { name: t("results.none") })).toBeVisible();
        await look(page, language, "survey-answers-none");

        const customer = await rm.newPerson();
        const other = await rm.newPerson();
        await app.go(`/surveys/${survey.id}?tab=invitations`);
        const find = page.getByRole("combobox", { name: t("invite.pick") });
        await find.fill(customer.name);
        await page.getByRole("option", { name: new RegExp(customer.customer_no) }).click();
        await look(page, language, "survey-picked");
        await app.button("invite.these", { count: 1 }).click();
        await expect(app.dialog("invite.links")).toBeVisible();
        await look(page, language, "survey-links");
        await app.button("common.done").click();
        await expect(page.getByRole("table")).toBeVisible();
        await look(page, language, "survey-invitations");

        await page.getByRole("tab", { name: t("survey.answers") }).click();
        await app.button("answer.enter").click();
        const dialog = app.dialog("answer.enter");
        await expect(dialog.getByRole("group").first()).toBeVisible();
        hygiene.expect(422, `/surveys/${survey.id}/answers`);
        hygiene.expect(404, `/surveys/${survey.id}/answers`);
        await app.button("answer.save", {}, dialog).click();
        await expect(dialog.getByRole("alert")).toBeVisible();
        await look(page, language, "survey-phone-wrong");
        await dialog.getByRole("combobox").first().fill(other.name);
        await page.getByRole("option", { name: new RegExp(other.customer_no) }).click();
        await dialog.getByRole("radio", { name: "3", exact: true }).first().check({ force: true });
        await dialog.getByRole("textbox").nth(0).fill("客户说柜台排队太久。");
        await look(page, language, "survey-phone");
        await dialog.getByRole("group", { name: /服务满意|satisfied/ }).getByRole("radio", { name: "2", exact: true }).check({ force: true });
        await app.button("answer.save", {}, dialog).click();
        await expect(app.toast(t("answer.entered"))).toBeVisible();
        await expect(page.getByRole("tabpanel").getByRole("listitem")).toContainText(other.name);
        await look(page, language, "survey-answers");
        await page.getByRole("tab", { name: t("customer.history") }).click();
        await expect(page.getByRole("tabpanel").getByRole("listitem").first()).toBeVisible();
        await look(page, language, "survey-history");
        await app.button("survey.close").click();
        await expect(app.dialog("survey.close")).toBeVisible();
        await look(page, language, "survey-close");
        await pressEscape(page);

        // The survey of the demo bank, which has ended and has many answers.
        const ended = (await api.get("/surveys")).data.find((one) => one.status === "closed" && one.name.includes("2026"));
        await app.go(`/surveys/${ended.id}?tab=results`);
        await page.getByText(t("results_by.tier"), { exact: true }).click();
        await expect(app.panel("results.groups").getByRole("table")).toBeVisible();
        await look(page, language, "survey-results");
        await app.panel("results.dimensions").scrollIntoViewIfNeeded();
        await look(page, language, "survey-results-below");
        await app.go(`/surveys/${ended.id}?tab=answers`);
        await expect(page.getByRole("tabpanel").getByRole("listitem").first()).toBeVisible();
        await look(page, language, "survey-answers-many");
      });
    });

    test.describe("the customer", () => {
      test.use({ who: null });

      test("the page in its states", async ({ page, hygiene }) => {
        const head = await Api.as("outlet_head");
        const rm = await Api.as("rm");
        hygiene.expect(422, "/s/");
        hygiene.expect(404, "/s/");
        const survey = await openSurvey(head);
        const link = await linkFor(head, survey, await rm.newPerson());
        await page.goto(link);
        await expect(page.getByRole("group").or(page.getByRole("radiogroup")).first()).toBeVisible();
        await look(page, language, "page-form");
        await page.getByRole("button", { name: said("continue"), exact: true }).click();
        await expect(page.getByRole("alert")).toContainText(said("problems", { count: 2 }));
        await look(page, language, "page-error");
        await page.getByRole("radiogroup").first().getByRole("radio").nth(1).check();
        await page.getByRole("radiogroup").nth(1).getByRole("radio").nth(1).check();
        await page.getByRole("button", { name: said("continue"), exact: true }).click();
        await expect(page.getByRole("button", { name: said("send"), exact: true })).toBeVisible();
        await look(page, language, "page-second");
        const other = language === "en" ? "zh-CN" : "en";
        await page.locator(`button[value="language:${other}"]`).click();
        await expect(page.locator("html")).toHaveAttribute("lang", other);
        await page.locator(`button[value="language:${language}"]`).click();
        await page.getByRole("button", { name: said("send"), exact: true }).click();
        await expect(page.getByRole("heading", { name: said("thanks_title") })).toBeVisible();
        await look(page, language, "page-thanks");
        await page.goto(link);
        await expect(page.getByRole("heading", { name: said("answered_title") })).toBeVisible();
        await look(page, language, "page-answered");

        const late = await linkFor(head, survey, await rm.newPerson());
        await head.change(`/surveys/${survey.id}`, undefined, "POST", "/close");
        await page.goto(late);
        await expect(page.getByRole("heading", { name: said("closed_title") })).toBeVisible();
        await look(page, language, "page-closed");

        const coming = await openSurvey(head, { opens_at: inDays(3) });
        await page.goto(await linkFor(head, coming, await rm.newPerson()));
        await expect(page.getByRole("heading", { name: said("not_yet_title") })).toBeVisible();
        await look(page, language, "page-not-yet");

        await page.goto(`/s/${"x".repeat(43)}`);
        await expect(page.getByRole("heading", { name: said("unknown_title") })).toBeVisible();
        await look(page, language, "page-unknown");

        const hidden = await openSurvey(head, { anonymous: true });
        await page.goto(await linkFor(head, hidden, await rm.newPerson()));
        await expect(page.getByText(said("anonymous"))).toBeVisible();
      });
    });
  });
}
