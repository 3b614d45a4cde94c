use std::collections::HashSet;

use guanxi_api::{
    AnswerValue, AskIf, LocalText, LowScore, Mean, NetPromoterScore, Question, QuestionKind, Share,
};

use crate::error::{FieldError, Result, Wrong};
use crate::text::{self, Broken};

/// Longest title, in characters.
pub(super) const MAX_TITLE: usize = 100;
/// Longest question, help or label of an option.
const MAX_TEXT: usize = 500;
/// Longest answer in words.
pub(super) const MAX_ANSWER: usize = 2000;
/// The smallest group of answers that is shown.
pub(super) const MINIMUM_GROUP: i64 = 5;
/// Below so many answers a net promoter score is called uncertain.
const CERTAIN: i64 = 30;
/// The share of satisfied customers to reach (product row D4).
pub const TARGET_SATISFACTION: f64 = 0.9;
/// From this score on a customer counts as satisfied.
const SATISFIED: i16 = 4;

/// A key of a question or code of an option: a lower-case letter, then up to 29 letters, digits or underscores.
fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_lowercase())
        && text.len() <= 30
        && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn clean_text(text: &LocalText, max: usize, pointer: &str, wrong: &mut Wrong) -> LocalText {
    let mut line = |value: &str, language: &str| match text::optional_line(value, max) {
        Ok(text) => text.unwrap_or_default(),
        Err(broken) => {
            wrong.add(FieldError::broken(format!("{pointer}/{language}"), broken));
            String::new()
        }
    };
    LocalText { zh_cn: line(&text.zh_cn, "zh-CN"), en: line(&text.en, "en") }
}

/// A draft as it is stored: texts trimmed and without hidden characters. Everything else may wait until it is published.
///
/// # Errors
/// 422 naming each text.
pub(super) fn clean(title: &LocalText, questions: &[Question]) -> Result<(LocalText, Vec<Question>)> {
    let mut wrong = Wrong::default();
    let title = clean_text(title, MAX_TITLE, "/title", &mut wrong);
    let mut cleaned = questions.to_vec();
    for (n, question) in cleaned.iter_mut().enumerate() {
        let at = format!("/questions/{n}");
        question.text = clean_text(&question.text, MAX_TEXT, &format!("{at}/text"), &mut wrong);
        question.help = clean_text(&question.help, MAX_TEXT, &format!("{at}/help"), &mut wrong);
        let names = std::iter::once((format!("{at}/key"), &question.key)).chain(
            question
                .options
                .iter()
                .enumerate()
                .map(|(m, option)| (format!("{at}/options/{m}/code"), &option.code)),
        );
        for (pointer, name) in names {
            if !name.is_empty() && !is_name(name) {
                wrong.add(FieldError::new(pointer, "question_key"));
            }
        }
        for (m, option) in question.options.iter_mut().enumerate() {
            option.label =
                clean_text(&option.label, MAX_TEXT, &format!("{at}/options/{m}/label"), &mut wrong);
        }
    }
    wrong.unless(Some((title, cleaned)))
}

fn needs_both(text: &LocalText, pointer: &str, wrong: &mut Wrong) {
    for (value, language) in [(&text.zh_cn, "zh-CN"), (&text.en, "en")] {
        if value.is_empty() {
            wrong.add(FieldError::new(format!("{pointer}/{language}"), "translation_missing"));
        }
    }
}

/// Whether a questionnaire can be published: every text in both languages, keys and options that can be told apart, and conditions that
/// can come true.
///
/// # Errors
/// 422 with everything that is in the way.
pub(super) fn check_publishable(title: &LocalText, questions: &[Question]) -> Result<()> {
    let mut wrong = Wrong::default();
    needs_both(title, "/title", &mut wrong);
    if questions.is_empty() {
        wrong.add(FieldError::new("/questions", "no_questions"));
    }
    let mut keys = HashSet::new();
    for (n, question) in questions.iter().enumerate() {
        let at = format!("/questions/{n}");
        if !is_name(&question.key) {
            wrong.add(FieldError::new(format!("{at}/key"), "question_key"));
        } else if !keys.insert(question.key.as_str()) {
            wrong.add(FieldError::new(format!("{at}/key"), "duplicate"));
        }
        needs_both(&question.text, &format!("{at}/text"), &mut wrong);
        if !question.help.is_empty() {
            needs_both(&question.help, &format!("{at}/help"), &mut wrong);
        }
        check_options(question, &at, &mut wrong);
        if let Some(condition) = &question.ask_if {
            check_condition(
                condition,
                questions.get(..n).unwrap_or_default(),
                &format!("{at}/ask_if"),
                &mut wrong,
            );
        }
    }
    wrong.unless(Some(()))
}

fn check_options(question: &Question, at: &str, wrong: &mut Wrong) {
    let place = format!("{at}/options");
    match (question.kind.has_options(), question.options.len()) {
        (true, 0 | 1) => wrong.add(FieldError::new(place, "options_missing").with("min", 2)),
        (false, 1..) => wrong.add(FieldError::new(place, "options_not_here")),
        _ => {
            let mut codes = HashSet::new();
            for (m, option) in question.options.iter().enumerate() {
                if !is_name(&option.code) {
                    wrong.add(FieldError::new(format!("{place}/{m}/code"), "question_key"));
                } else if !codes.insert(option.code.as_str()) {
                    wrong.add(FieldError::new(format!("{place}/{m}/code"), "duplicate"));
                }
                needs_both(&option.label, &format!("{place}/{m}/label"), wrong);
            }
        }
    }
}

fn check_condition(condition: &AskIf, earlier: &[Question], at: &str, wrong: &mut Wrong) {
    let Some(question) = earlier.iter().find(|question| question.key == condition.question) else {
        return wrong.add(FieldError::new(format!("{at}/question"), "condition_question"));
    };
    match (condition.at_most, &condition.option, question.kind.scale()) {
        (Some(at_most), None, Some((low, high))) => {
            // At the top of the scale it would always hold.
            if !(low..high).contains(&at_most) {
                wrong.add(
                    FieldError::new(format!("{at}/at_most"), "range").with("min", low).with("max", high - 1),
                );
            }
        }
        (None, Some(code), None) if question.kind.has_options() => {
            if !question.options.iter().any(|option| option.code == *code) {
                wrong.add(FieldError::new(format!("{at}/option"), "unknown_option"));
            }
        }
        _ => wrong.add(FieldError::new(at, "condition_kind")),
    }
}

fn holds(condition: &AskIf, asked: &[&Question], answers: &[AnswerValue]) -> bool {
    if !asked.iter().any(|question| question.key == condition.question) {
        return false;
    }
    let Some(answer) = answers.iter().find(|answer| answer.question == condition.question) else {
        return false;
    };
    let low = condition.at_most.is_some_and(|most| answer.score.is_some_and(|score| score <= most));
    let chosen = condition.option.as_ref().is_some_and(|code| answer.choices.contains(code));
    low || chosen
}

/// The questions that are asked, given what has been answered so far.
pub(super) fn asked<'a>(questions: &'a [Question], answers: &[AnswerValue]) -> Vec<&'a Question> {
    let mut asked: Vec<&Question> = Vec::with_capacity(questions.len());
    for question in questions {
        if question.ask_if.as_ref().is_none_or(|condition| holds(condition, &asked, answers)) {
            asked.push(question);
        }
    }
    asked
}

/// What is wrong with the answer to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WrongAnswer {
    pub(super) question: String,
    /// Its place among the answers; none when it is missing.
    pub(super) place: Option<usize>,
    pub(super) member: &'static str,
    pub(super) broken: Broken,
}

impl WrongAnswer {
    /// The field of a JSON body.
    pub(super) fn field(self) -> FieldError {
        match self.place {
            None => FieldError::broken("/answers", self.broken.with("question", self.question)),
            Some(n) => FieldError::broken(format!("/answers/{n}{}", self.member), self.broken),
        }
    }
}

/// Answers as they are kept, in the order of the questions: those to questions that are asked, checked against their kinds.
///
/// # Errors
/// What is wrong with which of them; `not_asked` for a question that the other answers exclude.
pub(super) fn check(
    questions: &[Question],
    given: &[AnswerValue],
) -> std::result::Result<Vec<AnswerValue>, Vec<WrongAnswer>> {
    let mut wrong = Vec::new();
    let mut kept: Vec<AnswerValue> = Vec::new();
    for (n, answer) in given.iter().enumerate() {
        let mut note = |member, broken| {
            wrong.push(WrongAnswer { question: answer.question.clone(), place: Some(n), member, broken });
        };
        let Some(question) = questions.iter().find(|question| question.key == answer.question) else {
            note("/question", Broken::new("unknown_question"));
            continue;
        };
        if kept.iter().any(|known| known.question == answer.question) {
            note("/question", Broken::new("duplicate"));
            continue;
        }
        match one(question, answer) {
            Ok(Some(value)) => kept.push(value),
            Ok(None) => {}
            Err((member, broken)) => note(member, broken),
        }
    }
    let asked = asked(questions, &kept);
    for answer in &kept {
        if !asked.iter().any(|question| question.key == answer.question) {
            let place = given.iter().position(|other| other.question == answer.question);
            let broken = Broken::new("not_asked");
            wrong.push(WrongAnswer { question: answer.question.clone(), place, member: "", broken });
        }
    }
    for question in &asked {
        let answered = kept.iter().any(|answer| answer.question == question.key)
            || wrong.iter().any(|wrong| wrong.question == question.key);
        if question.required && !answered {
            let broken = Broken::new("question_required");
            wrong.push(WrongAnswer { question: question.key.clone(), place: None, member: "", broken });
        }
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    kept.sort_by_key(|answer| questions.iter().position(|question| question.key == answer.question));
    Ok(kept)
}

/// An answer as its question wants it; none when nothing is said.
fn one(
    question: &Question,
    answer: &AnswerValue,
) -> std::result::Result<Option<AnswerValue>, (&'static str, Broken)> {
    let empty = AnswerValue { question: question.key.clone(), ..AnswerValue::default() };
    let other_kind = || ("", Broken::new("answer_kind"));
    let has_text = answer.text.as_ref().is_some_and(|text| !text.trim().is_empty());
    if let Some((low, high)) = question.kind.scale() {
        if !answer.choices.is_empty() || has_text {
            return Err(other_kind());
        }
        return match answer.score {
            None => Ok(None),
            Some(score) if (low..=high).contains(&score) => {
                Ok(Some(AnswerValue { score: Some(score), ..empty }))
            }
            Some(_) => Err(("/score", Broken::new("range").with("min", low).with("max", high))),
        };
    }
    if answer.score.is_some() {
        return Err(other_kind());
    }
    if question.kind == QuestionKind::Text {
        if !answer.choices.is_empty() {
            return Err(other_kind());
        }
        let text = text::paragraphs(answer.text.as_deref().unwrap_or_default(), MAX_ANSWER)
            .map_err(|broken| ("/text", broken))?;
        return Ok(text.map(|text| AnswerValue { text: Some(text), ..empty }));
    }
    if has_text {
        return Err(other_kind());
    }
    if question.kind == QuestionKind::SingleChoice && answer.choices.len() > 1 {
        return Err(("/choices", Broken::new("one_choice")));
    }
    let known = |code: &String| question.options.iter().any(|option| option.code == *code);
    if !answer.choices.iter().all(known) {
        return Err(("/choices", Broken::new("unknown_option")));
    }
    // In the order of the options, each once.
    let choices: Vec<String> = question
        .options
        .iter()
        .filter(|option| answer.choices.contains(&option.code))
        .map(|option| option.code.clone())
        .collect();
    Ok((!choices.is_empty()).then_some(AnswerValue { choices, ..empty }))
}

/// The questions that were answered with a low score.
pub(super) fn low<'a>(
    questions: &'a [Question],
    answers: &[AnswerValue],
    rule: LowScore,
) -> Vec<&'a Question> {
    let is_low = |question: &&Question| {
        let score =
            answers.iter().find(|answer| answer.question == question.key).and_then(|answer| answer.score);
        score.is_some_and(|score| match question.kind {
            QuestionKind::Csat => score <= rule.csat,
            QuestionKind::Nps => score <= rule.nps,
            QuestionKind::Ces => score <= rule.ces,
            _ => false,
        })
    };
    questions.iter().filter(is_low).collect()
}

/// Counts an answer that is no score once, however many options it names. No code of an option begins like this.
pub(super) const ANSWERED: &str = "_";

/// What is counted of an answer: question and score, or the codes of its options and [`ANSWERED`].
pub(super) fn counted(answers: &[AnswerValue]) -> Vec<(String, String)> {
    let values = |answer: &AnswerValue| {
        let first = answer.score.map_or_else(|| ANSWERED.to_owned(), |score| score.to_string());
        let values = std::iter::once(first).chain(answer.choices.iter().cloned());
        values.map(|value| (answer.question.clone(), value)).collect::<Vec<_>>()
    };
    answers.iter().flat_map(values).collect()
}

fn rounded(value: f64, factor: f64) -> f64 {
    let rounded = (value * factor).round() / factor;
    // No minus before a zero.
    if rounded == 0.0 { 0.0 } else { rounded }
}

#[allow(clippy::cast_precision_loss)]
fn float(count: i64) -> f64 {
    count as f64
}

/// A part of a whole, to four decimals; none of nothing.
pub(super) fn share(part: i64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| rounded(float(part) / float(whole), 10_000.0))
}

/// The share of scores of 4 and 5 among satisfaction scores, each with how often it was given.
pub(super) fn satisfaction(scores: &[(i16, i64)]) -> Option<Share> {
    let count = scores.iter().map(|(_, count)| count).sum();
    let satisfied = scores.iter().filter(|(score, _)| *score >= SATISFIED).map(|(_, count)| count).sum();
    share(satisfied, count).map(|share| Share { share, count })
}

/// The mean of scores, to two decimals.
pub(super) fn mean(scores: &[(i16, i64)]) -> Option<Mean> {
    let count: i64 = scores.iter().map(|(_, count)| count).sum();
    let sum: i64 = scores.iter().map(|(score, count)| i64::from(*score) * count).sum();
    (count > 0).then(|| Mean { mean: rounded(float(sum) / float(count), 100.0), count })
}

/// The net promoter score of scores from 0 to 10 with its 95 % interval.
///
/// Promoters (9, 10) less detractors (0 to 6), in hundredths (F. Reichheld, "The One Number You Need to Grow", Harvard Business Review,
/// December 2003). A respondent counts +1, 0 or -1, so the variance of the score is `p + d - (p - d)²` over n. The interval is the
/// adjusted Wald interval of B. Rocks, "Interval Estimation for the 'Net Promoter Score'", The American Statistician 70 (2016): three
/// made-up respondents (¾ promoter, 1½ passive, ¾ detractor) are added for it, so that it does not shrink to nothing where all agree.
pub(super) fn net_promoter_score(scores: &[(i16, i64)]) -> Option<NetPromoterScore> {
    let of = |from: i16, to: i16| -> i64 {
        scores.iter().filter(|(score, _)| (from..=to).contains(score)).map(|(_, count)| count).sum()
    };
    let (promoters, passives, detractors) = (of(9, 10), of(7, 8), of(0, 6));
    let count = promoters + passives + detractors;
    if count == 0 {
        return None;
    }
    let score = 100.0 * (float(promoters) - float(detractors)) / float(count);
    let n = float(count) + 3.0;
    let (p, d) = ((float(promoters) + 0.75) / n, (float(detractors) + 0.75) / n);
    let middle = p - d;
    let half = 1.959_964 * ((p + d - middle * middle) / n).sqrt();
    let end = |value: f64| rounded((100.0 * value).clamp(-100.0, 100.0), 10.0);
    Some(NetPromoterScore {
        score: rounded(score, 10.0),
        low: end(middle - half),
        high: end(middle + half),
        promoters,
        passives,
        detractors,
        uncertain: count < CERTAIN,
    })
}

/// Which groups of these sizes are withheld, given the figures of them all together: those below the minimum, and as many of the next
/// smallest as it takes that what is withheld is at least two groups and not below the minimum itself. Else the one that is withheld
/// would be what is left when the others are taken from the whole. Groups of nobody are neither shown nor withheld.
pub(super) fn withheld(sizes: &[i64], minimum: i64) -> Vec<bool> {
    let mut withheld: Vec<bool> = sizes.iter().map(|size| (1..minimum).contains(size)).collect();
    loop {
        let count = withheld.iter().filter(|hidden| **hidden).count();
        let sum: i64 = sizes.iter().zip(&withheld).filter(|(_, hidden)| **hidden).map(|(size, _)| size).sum();
        if count == 0 || (count > 1 && sum >= minimum) {
            return withheld;
        }
        let next = sizes
            .iter()
            .enumerate()
            .filter(|(n, size)| **size > 0 && withheld.get(*n) == Some(&false))
            .min_by_key(|(_, size)| **size)
            .map(|(n, _)| n);
        match next.and_then(|n| withheld.get_mut(n)) {
            Some(hidden) => *hidden = true,
            None => return withheld,
        }
    }
}

#[cfg(test)]
mod tests {
    use guanxi_api::QuestionOption;
    use proptest::prelude::*;

    use super::*;
    use crate::error::Error;

    fn both(text: &str) -> LocalText {
        LocalText { zh_cn: format!("{text}？"), en: text.to_owned() }
    }

    fn question(key: &str, kind: QuestionKind) -> Question {
        let option = |code: &str| QuestionOption { code: code.to_owned(), label: both(code) };
        let options =
            if kind.has_options() { vec![option("a"), option("b"), option("c")] } else { Vec::new() };
        Question {
            key: key.to_owned(),
            kind,
            text: both(key),
            help: LocalText::default(),
            required: false,
            dimension: None,
            options,
            ask_if: None,
        }
    }

    fn condition(question: &str, at_most: Option<i16>, option: Option<&str>) -> Option<AskIf> {
        Some(AskIf { question: question.to_owned(), at_most, option: option.map(str::to_owned) })
    }

    /// Recommend; why, if at most 6; which channel; which counter, if it was the branch; a comment.
    fn questionnaire() -> Vec<Question> {
        let mut questions = vec![
            question("nps", QuestionKind::Nps),
            question("why", QuestionKind::Text),
            question("channel", QuestionKind::SingleChoice),
            question("good", QuestionKind::MultipleChoice),
            question("csat", QuestionKind::Csat),
        ];
        questions[0].required = true;
        questions[1].ask_if = condition("nps", Some(6), None);
        questions[1].required = true;
        questions[3].ask_if = condition("channel", None, Some("b"));
        questions
    }

    fn score(question: &str, score: i16) -> AnswerValue {
        AnswerValue { question: question.to_owned(), score: Some(score), ..AnswerValue::default() }
    }

    fn chosen(question: &str, choices: &[&str]) -> AnswerValue {
        let choices = choices.iter().map(|code| (*code).to_owned()).collect();
        AnswerValue { question: question.to_owned(), choices, ..AnswerValue::default() }
    }

    fn said(question: &str, text: &str) -> AnswerValue {
        AnswerValue { question: question.to_owned(), text: Some(text.to_owned()), ..AnswerValue::default() }
    }

    fn fields(outcome: Result<()>) -> Vec<(String, String)> {
        let fields = outcome.err().map(|Error { fields, .. }| fields).unwrap_or_default();
        fields.into_iter().map(|field| (field.pointer, field.code.into_owned())).collect()
    }

    #[test]
    fn everything_that_keeps_it_from_being_published_is_named() {
        assert_eq!(fields(check_publishable(&both("Title"), &questionnaire())), []);
        let half = LocalText { zh_cn: "只有中文".into(), en: String::new() };
        assert_eq!(
            fields(check_publishable(&half, &[])),
            [
                ("/title/en".into(), "translation_missing".into()),
                ("/questions".into(), "no_questions".into())
            ]
        );
        let broken = |change: &dyn Fn(&mut Vec<Question>)| {
            let mut questions = questionnaire();
            change(&mut questions);
            fields(check_publishable(&both("Title"), &questions))
        };
        type Change<'a> = &'a dyn Fn(&mut Vec<Question>);
        let cases: [(Change<'_>, &str, &str); 14] = [
            (&|q| q[1].key = "nps".into(), "/questions/1/key", "duplicate"),
            (&|q| q[4].key = String::new(), "/questions/4/key", "question_key"),
            (&|q| q[2].text.zh_cn.clear(), "/questions/2/text/zh-CN", "translation_missing"),
            (&|q| q[2].help.en = "Help".into(), "/questions/2/help/zh-CN", "translation_missing"),
            (&|q| q[2].options.truncate(1), "/questions/2/options", "options_missing"),
            (&|q| q[4].options = q[2].options.clone(), "/questions/4/options", "options_not_here"),
            (&|q| q[3].options[2].code = "a".into(), "/questions/3/options/2/code", "duplicate"),
            (&|q| q[3].options[0].label.en.clear(), "/questions/3/options/0/label/en", "translation_missing"),
            (
                &|q| q[0].ask_if = condition("csat", Some(2), None),
                "/questions/0/ask_if/question",
                "condition_question",
            ),
            (
                &|q| q[4].ask_if = condition("csat", Some(2), None),
                "/questions/4/ask_if/question",
                "condition_question",
            ),
            (&|q| q[1].ask_if = condition("nps", Some(10), None), "/questions/1/ask_if/at_most", "range"),
            (
                &|q| q[3].ask_if = condition("channel", None, Some("d")),
                "/questions/3/ask_if/option",
                "unknown_option",
            ),
            (&|q| q[3].ask_if = condition("channel", Some(1), None), "/questions/3/ask_if", "condition_kind"),
            (&|q| q[1].ask_if = condition("nps", None, None), "/questions/1/ask_if", "condition_kind"),
        ];
        for (change, pointer, code) in cases {
            assert!(
                broken(change).contains(&(pointer.into(), code.into())),
                "{pointer} {code}: {:?}",
                broken(change)
            );
        }
    }

    #[test]
    fn questions_are_asked_when_their_condition_holds() {
        let questions = questionnaire();
        let keys = |answers: &[AnswerValue]| -> Vec<String> {
            asked(&questions, answers).iter().map(|question| question.key.clone()).collect()
        };
        assert_eq!(keys(&[]), ["nps", "channel", "csat"]);
        assert_eq!(keys(&[score("nps", 7)]), ["nps", "channel", "csat"]);
        assert_eq!(keys(&[score("nps", 6)]), ["nps", "why", "channel", "csat"]);
        assert_eq!(keys(&[chosen("channel", &["b"])]), ["nps", "channel", "good", "csat"]);
        // What depends on a question that is not asked is not asked.
        let mut chain = questionnaire();
        chain[4].ask_if = condition("good", None, Some("a"));
        let answers = [chosen("channel", &["a"]), chosen("good", &["a"])];
        assert!(!asked(&chain, &answers).iter().any(|question| question.key == "csat"));
    }

    #[test]
    fn answers_are_checked_against_their_questions() {
        let questions = questionnaire();
        let wrong = |answers: &[AnswerValue]| -> Vec<(String, &'static str)> {
            let wrong = check(&questions, answers).err().unwrap_or_default();
            wrong.into_iter().map(|wrong| (wrong.question, wrong.broken.code)).collect()
        };
        assert_eq!(wrong(&[]), [("nps".to_owned(), "question_required")]);
        assert_eq!(wrong(&[score("nps", 3)]), [("why".to_owned(), "question_required")]);
        for (answer, code) in [
            (score("nps", 11), "range"),
            (score("nps", -1), "range"),
            (said("nps", "nine"), "answer_kind"),
            (score("channel", 1), "answer_kind"),
            (chosen("channel", &["a", "b"]), "one_choice"),
            (chosen("channel", &["d"]), "unknown_option"),
            (chosen("csat", &["a"]), "answer_kind"),
            (score("nothing", 1), "unknown_question"),
            (said("why", "text"), "not_asked"),
            (chosen("good", &["a"]), "not_asked"),
        ] {
            let all = if answer.question == "nps" {
                vec![answer.clone()]
            } else {
                vec![score("nps", 9), answer.clone()]
            };
            assert_eq!(wrong(&all), [(answer.question.clone(), code)], "{answer:?}");
        }
        assert_eq!(wrong(&[score("nps", 9), score("nps", 9)]), [("nps".to_owned(), "duplicate")]);
        let answers = [
            chosen("good", &["c", "a", "c"]),
            score("nps", 2),
            chosen("channel", &["b"]),
            said("why", " 慢\r\n等 "),
        ];
        let kept = check(&questions, &answers).unwrap();
        assert_eq!(
            kept,
            [score("nps", 2), said("why", "慢\n等"), chosen("channel", &["b"]), chosen("good", &["a", "c"])]
        );
        let low: Vec<&str> =
            low(&questions, &kept, LowScore::default()).iter().map(|q| q.key.as_str()).collect();
        assert_eq!(low, ["nps"]);
        assert_eq!(counted(&kept[..1]), [("nps".to_owned(), "2".to_owned())]);
        assert_eq!(counted(&kept).len(), 7, "a text and a choice count once beside their options");
    }

    #[test]
    fn scores_are_counted_as_their_sources_say() {
        // 50 promoters, 30 passives, 20 detractors.
        let nps = net_promoter_score(&[(10, 30), (9, 20), (8, 10), (7, 20), (6, 5), (0, 15)]).unwrap();
        assert_eq!((nps.score, nps.promoters, nps.passives, nps.detractors), (30.0, 50, 30, 20));
        // By hand: n = 103, p = 50.75/103, d = 20.75/103; middle 29.13, half 1.96 · √(0.6093/103) = 15.07.
        assert_eq!((nps.low, nps.high, nps.uncertain), (14.1, 44.2, false));
        let all = net_promoter_score(&[(10, 4)]).unwrap();
        assert!(all.score == 100.0 && all.high == 100.0 && all.low < 90.0 && all.uncertain, "{all:?}");
        assert_eq!(net_promoter_score(&[]), None);
        assert_eq!(satisfaction(&[(5, 6), (4, 3), (3, 1)]), Some(Share { share: 0.9, count: 10 }));
        assert_eq!(mean(&[(7, 1), (2, 2)]), Some(Mean { mean: 3.67, count: 3 }));
        assert_eq!(share(1, 3), Some(0.3333));
        assert_eq!(share(0, 0), None);
    }

    #[test]
    fn a_group_that_is_left_over_is_withheld_with_another() {
        assert_eq!(withheld(&[10, 20, 30], 5), [false, false, false]);
        assert_eq!(withheld(&[3, 20, 10], 5), [true, false, true]);
        assert_eq!(withheld(&[3, 4, 10], 5), [true, true, false]);
        // Two groups that are below the minimum even together.
        assert_eq!(withheld(&[1, 2, 10, 20], 5), [true, true, true, false]);
        assert_eq!(withheld(&[3, 0, 0], 5), [true, false, false]);
    }

    proptest! {
        #[test]
        fn nothing_that_is_withheld_can_be_worked_out(sizes in proptest::collection::vec(0_i64..40, 1..8)) {
            let hidden = withheld(&sizes, MINIMUM_GROUP);
            let of = |wanted: bool| -> Vec<i64> {
                sizes.iter().zip(&hidden).filter(|(size, hidden)| **hidden == wanted && **size > 0).map(|(size, _)| *size).collect()
            };
            prop_assert!(of(false).iter().all(|size| *size >= MINIMUM_GROUP));
            let (kept, shown) = (of(true), of(false));
            // Whoever takes what is shown from the whole is left with two groups at least, or with everything there is.
            prop_assert!(kept.is_empty() || shown.is_empty() || (kept.len() > 1 && kept.iter().sum::<i64>() >= MINIMUM_GROUP));
        }

        #[test]
        fn what_is_kept_is_accepted_again(scores in proptest::collection::vec((0_usize..6, -2_i16..12), 0..6)) {
            let questions = questionnaire();
            let keys = ["nps", "why", "channel", "good", "csat", "else"];
            let given: Vec<AnswerValue> = scores.iter().map(|(n, value)| score(keys[*n], *value)).collect();
            if let Ok(kept) = check(&questions, &given) {
                prop_assert_eq!(check(&questions, &kept), Ok(kept));
            }
        }

        #[test]
        fn the_interval_holds_the_score_of_many(p in 0_i64..200, n in 0_i64..200, d in 0_i64..200) {
            if let Some(nps) = net_promoter_score(&[(10, p), (8, n), (1, d)]) {
                prop_assert!(nps.low <= nps.high && (-100.0..=100.0).contains(&nps.low) && (-100.0..=100.0).contains(&nps.high));
                prop_assert!(p + n + d < 30 || (nps.low - 1.0 <= nps.score && nps.score <= nps.high + 1.0));
            }
        }
    }
}
