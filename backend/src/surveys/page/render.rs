use std::fmt::Write as _;

use guanxi_api::{AnswerValue, Language, Question, QuestionKind};
use serde_json::{Map, Value};

use super::form::Step;
use crate::messages;
use crate::surveys::rules::WrongAnswer;

/// A page without questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Note {
    Thanks,
    Answered,
    Closed,
    NotYet,
    /// No link of ours, or not any more: the same for all of them.
    Unknown,
    /// Too many wrong links from this address.
    Busy,
    /// The server cannot do it now.
    Failed,
}

impl Note {
    /// The names of its title and text.
    const fn texts(self) -> (&'static str, &'static str) {
        match self {
            Note::Thanks => ("thanks_title", "thanks_text"),
            Note::Answered => ("answered_title", "answered_text"),
            Note::Closed => ("closed_title", "closed_text"),
            Note::NotYet => ("not_yet_title", "not_yet_text"),
            Note::Unknown => ("unknown_title", "unknown_text"),
            Note::Busy => ("busy_title", "busy_text"),
            Note::Failed => ("failed_title", "failed_text"),
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

fn words(language: Language, name: &str) -> String {
    escaped(messages::survey_page(language, name))
}

/// The other language, by its own name, since who needs it cannot read this one.
const fn other(language: Language) -> (Language, &'static str) {
    match language {
        Language::ZhCn => (Language::En, "English"),
        Language::En => (Language::ZhCn, "中文"),
    }
}

/// The page around what it says. `switch` leads to the other language.
fn document(language: Language, title: &str, switch: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"{language}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"robots\" content=\"noindex\">\n\
         <title>{title}</title>\n<link rel=\"stylesheet\" href=\"/survey.css\">\n</head>\n<body>\n{switch}<main>\n{body}</main>\n</body>\n</html>\n",
        language = language.as_str(),
    )
}

/// A page without questions.
pub(super) fn note(language: Language, note: Note) -> String {
    let (title, text) = note.texts();
    let (title, text) = (words(language, title), words(language, text));
    let (code, name) = other(language);
    let code = code.as_str();
    let switch = format!(
        "<nav><a class=\"switch\" href=\"?lang={code}\" lang=\"{code}\" hreflang=\"{code}\">{name}</a></nav>\n"
    );
    document(language, &title, &switch, &format!("<h1>{title}</h1>\n<p>{text}</p>\n"))
}

/// A page of questions.
pub(super) fn form(
    language: Language,
    title: &str,
    anonymous: bool,
    questions: &[Question],
    step: &Step,
) -> String {
    let mut body = String::new();
    let title = escaped(title);
    let promise = words(language, if anonymous { "anonymous" } else { "named" });
    let _ = write!(
        body,
        "<form method=\"post\" novalidate>\n<h1>{title}</h1>\n<p class=\"quiet\">{promise}</p>\n"
    );
    write_problems(&mut body, language, questions, &step.wrong);
    let _ = write!(
        body,
        "<input type=\"hidden\" name=\"language\" value=\"{}\">\n<input type=\"hidden\" name=\"earlier\" value=\"{}\">\n\
         <input type=\"hidden\" name=\"shown\" value=\"{}\">\n",
        language.as_str(),
        escaped(&step.earlier.join(" ")),
        escaped(&step.shown.join(" "))
    );
    for question in questions {
        let answer = step.answers.iter().find(|answer| answer.question == question.key);
        if step.shows(&question.key) {
            let wrong = step.wrong.iter().find(|wrong| wrong.question == question.key);
            write_question(&mut body, language, question, answer, wrong);
        } else if let Some(answer) = answer {
            write_carried(&mut body, answer);
        }
    }
    let on = words(language, if step.may_go_on(questions) { "continue" } else { "send" });
    body.push_str("<div class=\"buttons\">\n");
    // The first button is what the return key presses.
    let _ = writeln!(body, "<button class=\"primary\" name=\"action\" value=\"continue\">{on}</button>");
    if !step.earlier.is_empty() {
        let back = words(language, "back");
        let _ = writeln!(body, "<button name=\"action\" value=\"back\">{back}</button>");
    }
    let (code, name) = other(language);
    let code = code.as_str();
    let _ = write!(
        body,
        "<button class=\"switch\" name=\"action\" value=\"language:{code}\" lang=\"{code}\">{name}</button>\n</div>\n</form>\n"
    );
    document(language, &title, "", &body)
}

fn write_problems(body: &mut String, language: Language, questions: &[Question], wrong: &[WrongAnswer]) {
    if wrong.is_empty() {
        return;
    }
    let title = words(language, "problems").replace("{count}", &wrong.len().to_string());
    let _ = write!(
        body,
        "<div class=\"problems\" role=\"alert\" tabindex=\"-1\" autofocus>\n<h2>{title}</h2>\n<ul>\n"
    );
    for problem in wrong {
        if let Some(question) = questions.iter().find(|question| question.key == problem.question) {
            let text = escaped(question.text.in_language(language));
            let _ = writeln!(body, "<li><a href=\"#q-{}\">{text}</a></li>", question.key);
        }
    }
    body.push_str("</ul>\n</div>\n");
}

fn write_carried(body: &mut String, answer: &AnswerValue) {
    let score = answer.score.map(|score| score.to_string());
    for value in score.iter().chain(&answer.choices).chain(&answer.text) {
        let value = escaped(value);
        let _ = writeln!(body, "<input type=\"hidden\" name=\"q.{}\" value=\"{value}\">", answer.question);
    }
}

fn problem_text(language: Language, wrong: &WrongAnswer) -> String {
    let params: Map<String, Value> = wrong
        .broken
        .params
        .iter()
        .map(|(name, value)| ((*name).to_owned(), Value::from(value.clone())))
        .collect();
    escaped(&messages::field(language, wrong.broken.code, &params))
}

fn write_question(
    body: &mut String,
    language: Language,
    question: &Question,
    answer: Option<&AnswerValue>,
    wrong: Option<&WrongAnswer>,
) {
    let key = &question.key;
    let text = escaped(question.text.in_language(language));
    let must = if question.required {
        format!(" <span class=\"must\">{}</span>", words(language, "required"))
    } else {
        String::new()
    };
    let help = question.help.in_language(language);
    let mut described: Vec<String> = Vec::new();
    let mut hints = String::new();
    if !help.is_empty() {
        described.push(format!("h-{key}"));
        let _ = writeln!(hints, "<p class=\"quiet\" id=\"h-{key}\">{}</p>", escaped(help));
    }
    if question.kind == QuestionKind::MultipleChoice {
        described.push(format!("m-{key}"));
        let _ = writeln!(hints, "<p class=\"quiet\" id=\"m-{key}\">{}</p>", words(language, "choose_many"));
    }
    if let Some(wrong) = wrong {
        described.push(format!("e-{key}"));
        let _ = writeln!(hints, "<p class=\"error\" id=\"e-{key}\">{}</p>", problem_text(language, wrong));
    }
    let described = match described.as_slice() {
        [] => String::new(),
        ids => format!(" aria-describedby=\"{}\"", ids.join(" ")),
    };
    let class = if wrong.is_some() { " class=\"wrong\"" } else { "" };
    if question.kind == QuestionKind::Text {
        let invalid = if wrong.is_some() { " aria-invalid=\"true\"" } else { "" };
        let required = if question.required { " aria-required=\"true\"" } else { "" };
        let value = escaped(answer.and_then(|answer| answer.text.as_deref()).unwrap_or_default());
        let _ = write!(
            body,
            "<section{class}>\n<label for=\"q-{key}\">{text}{must}</label>\n{hints}\
             <textarea id=\"q-{key}\" name=\"q.{key}\" rows=\"4\" maxlength=\"2000\"{described}{invalid}{required}>\n{value}</textarea>\n</section>\n"
        );
        return;
    }
    // A group of radio buttons can say that it is wrong or required; one of check boxes cannot.
    let mut role = String::new();
    if question.kind != QuestionKind::MultipleChoice {
        role.push_str(" role=\"radiogroup\"");
        if wrong.is_some() {
            role.push_str(" aria-invalid=\"true\"");
        }
        if question.required {
            role.push_str(" aria-required=\"true\"");
        }
    }
    let _ = write!(
        body,
        "<fieldset id=\"q-{key}\" tabindex=\"-1\"{class}{role}{described}>\n<legend>{text}{must}</legend>\n{hints}"
    );
    match question.kind.scale() {
        Some((low, high)) => {
            write_scale(body, language, question, (low, high), answer.and_then(|answer| answer.score))
        }
        None => write_options(body, language, question, answer),
    }
    body.push_str("</fieldset>\n");
}

fn write_scale(
    body: &mut String,
    language: Language,
    question: &Question,
    (low, high): (i16, i16),
    chosen: Option<i16>,
) {
    let kind = question.kind.as_str();
    let _ = writeln!(body, "<div class=\"scale {kind}\">");
    let end = |which: &str| words(language, &format!("{kind}_{which}"));
    for score in low..=high {
        let checked = if chosen == Some(score) { " checked" } else { "" };
        // The ends of the scale are heard with their meaning.
        let spoken = match score {
            score if score == low => format!("<span class=\"spoken\"> {}</span>", end("low")),
            score if score == high => format!("<span class=\"spoken\"> {}</span>", end("high")),
            _ => String::new(),
        };
        let _ = writeln!(
            body,
            "<label><input type=\"radio\" name=\"q.{}\" value=\"{score}\"{checked}><span>{score}</span>{spoken}</label>",
            question.key
        );
    }
    let _ = write!(
        body,
        "</div>\n<p class=\"ends\" aria-hidden=\"true\"><span>{low} {}</span><span>{high} {}</span></p>\n",
        end("low"),
        end("high")
    );
}

fn write_options(body: &mut String, language: Language, question: &Question, answer: Option<&AnswerValue>) {
    let kind = if question.kind == QuestionKind::MultipleChoice { "checkbox" } else { "radio" };
    body.push_str("<div class=\"options\">\n");
    for option in &question.options {
        let chosen = answer.is_some_and(|answer| answer.choices.contains(&option.code));
        let checked = if chosen { " checked" } else { "" };
        let _ = writeln!(
            body,
            "<label><input type=\"{kind}\" name=\"q.{}\" value=\"{}\"{checked}><span>{}</span></label>",
            question.key,
            option.code,
            escaped(option.label.in_language(language))
        );
    }
    body.push_str("</div>\n");
}

#[cfg(test)]
mod tests {
    use guanxi_api::{LocalText, QuestionOption};

    use super::*;

    #[test]
    fn nothing_that_was_entered_is_markup() {
        let evil = "\"><script>alert(1)</script><b a='";
        let text = LocalText { zh_cn: evil.into(), en: evil.into() };
        let question = |kind, key: &str| Question {
            key: key.into(),
            kind,
            text: text.clone(),
            help: text.clone(),
            required: true,
            dimension: None,
            options: vec![QuestionOption { code: "a".into(), label: text.clone() }],
            ask_if: None,
        };
        let questions = [
            question(QuestionKind::Text, "said"),
            question(QuestionKind::Text, "carried"),
            question(QuestionKind::SingleChoice, "chosen"),
            question(QuestionKind::Nps, "nps"),
        ];
        let said = |key: &str| AnswerValue {
            question: key.into(),
            text: Some(evil.into()),
            ..AnswerValue::default()
        };
        let mut step = Step::first(&questions);
        step.shown.retain(|key| key != "carried");
        step.answers = vec![said("said"), said("carried")];
        let html = form(Language::En, evil, true, &questions, &step);
        assert!(
            !html.contains("<script") && !html.contains("<b ") && html.contains("&lt;script&gt;"),
            "{html}"
        );
        assert_eq!(html.matches("name=\"q.nps\"").count(), 11);
        for inline in [" style=", " onclick=", "javascript:", "http:"] {
            assert!(!html.contains(inline), "{inline}");
        }
    }

    #[test]
    fn every_page_has_texts_in_both_languages() {
        let names = [
            "required",
            "continue",
            "send",
            "back",
            "problems",
            "choose_many",
            "anonymous",
            "named",
            "csat_low",
            "csat_high",
            "nps_low",
            "nps_high",
            "ces_low",
            "ces_high",
        ];
        let notes = [
            Note::Thanks,
            Note::Answered,
            Note::Closed,
            Note::NotYet,
            Note::Unknown,
            Note::Busy,
            Note::Failed,
        ];
        for language in [Language::ZhCn, Language::En] {
            for name in
                names.into_iter().chain(notes.iter().flat_map(|note| [note.texts().0, note.texts().1]))
            {
                assert_ne!(messages::survey_page(language, name), name, "{language}: {name}");
            }
        }
    }
}
