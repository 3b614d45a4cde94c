use std::collections::BTreeMap;

use guanxi_api::{AnswerValue, Language, Question, QuestionKind};

use crate::surveys::rules::{self, WrongAnswer};

/// What the customer pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// On to the next questions, or to the end.
    Continue,
    Back,
    /// The same page in another language.
    Language(Language),
}

/// A page of questions and what has been entered so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// Keys of the questions of earlier pages.
    pub(super) earlier: Vec<String>,
    /// Keys of the questions of this page.
    pub(super) shown: Vec<String>,
    pub(super) answers: Vec<AnswerValue>,
    /// What is wrong with answers on this page.
    pub(super) wrong: Vec<WrongAnswer>,
}

/// What came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Posted {
    pub(super) action: Action,
    pub(super) language: Option<Language>,
    step: Step,
}

/// What is to be done about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Show(Step),
    /// Everything that is asked was seen: these are the answers.
    Send(Step),
}

fn keys_of<'a>(questions: &[&'a Question]) -> Vec<&'a str> {
    questions.iter().map(|question| question.key.as_str()).collect()
}

impl Step {
    /// The first page: the questions that are asked whatever is answered.
    pub(super) fn first(questions: &[Question]) -> Step {
        let shown = keys_of(&rules::asked(questions, &[])).into_iter().map(str::to_owned).collect();
        Step { earlier: Vec::new(), shown, answers: Vec::new(), wrong: Vec::new() }
    }

    fn was_seen(&self, key: &str) -> bool {
        self.earlier.iter().chain(&self.shown).any(|seen| seen == key)
    }

    pub(super) fn shows(&self, key: &str) -> bool {
        self.shown.iter().any(|shown| shown == key)
    }

    /// Whether there may be another page after this one.
    pub(super) fn may_go_on(&self, questions: &[Question]) -> bool {
        questions.iter().any(|question| {
            let depends = question.ask_if.as_ref().is_some_and(|condition| self.shows(&condition.question));
            depends && !self.was_seen(&question.key)
        })
    }

    /// The same page, with what is wrong; answers of earlier pages that are wrong are asked again.
    pub(super) fn refused(mut self, wrong: Vec<WrongAnswer>) -> Step {
        for problem in &wrong {
            if !self.shows(&problem.question) {
                self.earlier.retain(|key| *key != problem.question);
                self.shown.push(problem.question.clone());
            }
        }
        self.wrong = wrong;
        self
    }
}

fn language(text: &str) -> Option<Language> {
    Language::from_code(text)
}

/// Reads a posted form. What does not belong to the questions is left out: a browser sends nothing else.
pub(super) fn read(questions: &[Question], pairs: &[(String, String)]) -> Posted {
    let mut fields: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, value) in pairs {
        fields.entry(name).or_default().push(value);
    }
    let first = |name: &str| fields.get(name).and_then(|values| values.first()).copied().unwrap_or_default();
    let keys = |name: &str| -> Vec<String> {
        let given: Vec<&str> = first(name).split(' ').collect();
        questions
            .iter()
            .filter(|question| given.contains(&question.key.as_str()))
            .map(|q| q.key.clone())
            .collect()
    };
    let answers = questions.iter().filter_map(|question| {
        let values = fields.get(format!("q.{}", question.key).as_str())?;
        answer(question, values)
    });
    let action = match first("action") {
        "back" => Action::Back,
        other => {
            other.strip_prefix("language:").and_then(language).map_or(Action::Continue, Action::Language)
        }
    };
    let step = Step {
        earlier: keys("earlier"),
        shown: keys("shown"),
        answers: answers.collect(),
        wrong: Vec::new(),
    };
    Posted { action, language: language(first("language")), step }
}

fn answer(question: &Question, values: &[&str]) -> Option<AnswerValue> {
    let empty = AnswerValue { question: question.key.clone(), ..AnswerValue::default() };
    let first = values.first().copied().unwrap_or_default();
    if question.kind.scale().is_some() {
        return first.parse().ok().map(|score| AnswerValue { score: Some(score), ..empty });
    }
    if question.kind == QuestionKind::Text {
        return (!first.trim().is_empty()).then(|| AnswerValue { text: Some(first.to_owned()), ..empty });
    }
    let choices: Vec<String> =
        values.iter().filter(|value| !value.is_empty()).map(|code| (*code).to_owned()).collect();
    (!choices.is_empty()).then_some(AnswerValue { choices, ..empty })
}

impl Posted {
    /// Where a posted form leads.
    pub(super) fn next(self, questions: &[Question]) -> Next {
        let step = self.step;
        match self.action {
            Action::Language(_) if !step.shown.is_empty() => return Next::Show(step),
            Action::Language(_) | Action::Back => {
                return Next::Show(Step { answers: step.answers, ..Step::first(questions) });
            }
            Action::Continue => {}
        }
        // Answers to questions that the others exclude are left out, however they came.
        let mut answers = step.answers.clone();
        loop {
            let asked = keys_of(&rules::asked(questions, &answers));
            let before = answers.len();
            answers.retain(|answer| asked.contains(&answer.question.as_str()));
            if answers.len() == before {
                break;
            }
        }
        let step = Step { answers, ..step };
        let wrong: Vec<WrongAnswer> = match rules::check(questions, &step.answers) {
            Ok(_) => Vec::new(),
            Err(wrong) => wrong.into_iter().filter(|problem| step.was_seen(&problem.question)).collect(),
        };
        if !wrong.is_empty() {
            return Next::Show(step.refused(wrong));
        }
        let asked = keys_of(&rules::asked(questions, &step.answers));
        let new: Vec<String> =
            asked.iter().filter(|key| !step.was_seen(key)).map(|key| (*key).to_owned()).collect();
        if new.is_empty() {
            return Next::Send(step);
        }
        let Step { mut earlier, shown, answers, .. } = step;
        earlier.extend(shown);
        Next::Show(Step { earlier, shown: new, answers, wrong: Vec::new() })
    }
}

#[cfg(test)]
mod tests {
    use guanxi_api::{AskIf, LocalText};

    use super::*;

    fn question(key: &str, kind: QuestionKind, ask_if: Option<(&str, i16)>) -> Question {
        Question {
            key: key.into(),
            kind,
            text: LocalText { zh_cn: key.into(), en: key.into() },
            help: LocalText::default(),
            required: true,
            dimension: None,
            options: Vec::new(),
            ask_if: ask_if.map(|(question, most)| AskIf {
                question: question.into(),
                at_most: Some(most),
                option: None,
            }),
        }
    }

    fn questions() -> Vec<Question> {
        vec![
            question("nps", QuestionKind::Nps, None),
            question("why", QuestionKind::Text, Some(("nps", 6))),
            question("csat", QuestionKind::Csat, None),
        ]
    }

    fn posted(pairs: &[(&str, &str)]) -> Posted {
        let pairs: Vec<(String, String)> =
            pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        read(&questions(), &pairs)
    }

    fn shown(next: &Next) -> Vec<&str> {
        match next {
            Next::Show(step) => step.shown.iter().map(String::as_str).collect(),
            Next::Send(_) => Vec::new(),
        }
    }

    #[test]
    fn a_condition_that_comes_true_opens_a_second_page() {
        let questions = questions();
        let first = Step::first(&questions);
        assert_eq!(first.shown, ["nps", "csat"]);
        assert!(first.may_go_on(&questions));
        let high = posted(&[("shown", "nps csat"), ("q.nps", "9"), ("q.csat", "5")]).next(&questions);
        assert!(matches!(high, Next::Send(_)), "{high:?}");
        let low = posted(&[("shown", "nps csat"), ("q.nps", "3"), ("q.csat", "5")]).next(&questions);
        assert_eq!(shown(&low), ["why"]);
        let Next::Show(step) = low else { panic!("a page") };
        assert_eq!(
            (step.earlier.as_slice(), step.may_go_on(&questions)),
            (["nps".to_owned(), "csat".to_owned()].as_slice(), false)
        );
        let missing = posted(&[("earlier", "nps csat"), ("shown", "why"), ("q.nps", "3"), ("q.csat", "5")])
            .next(&questions);
        assert!(
            matches!(&missing, Next::Show(step) if step.wrong[0].question == "why" && step.shown == ["why"])
        );
        let done =
            [("earlier", "nps csat"), ("shown", "why"), ("q.nps", "3"), ("q.csat", "5"), ("q.why", "slow")];
        let Next::Send(step) = posted(&done).next(&questions) else { panic!("sent") };
        assert_eq!(step.answers.len(), 3);
    }

    #[test]
    fn what_was_entered_stays() {
        let questions = questions();
        let wrong = posted(&[("shown", "nps csat"), ("q.csat", "4")]).next(&questions);
        let Next::Show(step) = wrong else { panic!("a page") };
        assert_eq!((step.wrong.len(), step.answers[0].score), (1, Some(4)));
        // Back, with the second page's text.
        let back = [
            ("action", "back"),
            ("earlier", "nps csat"),
            ("shown", "why"),
            ("q.nps", "3"),
            ("q.why", "slow"),
        ];
        let Next::Show(step) = posted(&back).next(&questions) else { panic!("a page") };
        assert_eq!((step.shown.len(), step.answers.len()), (2, 2));
        // A better score then: why is no longer asked, and what was said of it is left out.
        let better = [("shown", "nps csat"), ("q.nps", "9"), ("q.csat", "5"), ("q.why", "slow")];
        let Next::Send(step) = posted(&better).next(&questions) else { panic!("sent") };
        assert_eq!(step.answers.len(), 2);
        let language =
            [("action", "language:en"), ("shown", "nps csat"), ("q.nps", "3"), ("language", "zh-CN")];
        let page = posted(&language);
        assert_eq!((page.action, page.language), (Action::Language(Language::En), Some(Language::ZhCn)));
        assert!(
            matches!(page.next(&questions), Next::Show(step) if step.answers.len() == 1 && step.wrong.is_empty())
        );
    }

    #[test]
    fn nothing_is_skipped_by_a_forged_form() {
        let questions = questions();
        // A form that claims to have seen everything is told what is missing.
        let forged = posted(&[("earlier", "nps why csat"), ("shown", ""), ("q.nps", "2")]).next(&questions);
        assert_eq!(shown(&forged).len(), 2, "{forged:?}");
        let none = posted(&[]).next(&questions);
        assert_eq!(shown(&none), ["nps", "csat"]);
    }
}
