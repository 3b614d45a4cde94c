//! What is true of contacts whatever the database and the protocol: when one can have happened, who may still change it, and by what its
//! notes are found.

use std::collections::BTreeSet;

use guanxi_db::Moment;
use unicode_normalization::UnicodeNormalization;

use crate::names::reading::is_cjk;
use crate::text::Broken;

/// How far a client's clock may be ahead.
const AHEAD_SECONDS: i64 = 5 * 60;
/// How long the author may change a contact without giving a reason, and archive it.
const OWN_SECONDS: i64 = 24 * 3600;
/// Digits from which on a run of them is a number of a phone or a document, and by nothing found.
const NUMBER_DIGITS: usize = 7;
/// Longest token, in characters.
const MAX_TOKEN: usize = 32;
/// Most words of a search that are looked at.
const MAX_WORDS: usize = 12;

/// When a contact happened.
///
/// # Errors
/// `in_the_future` more than five minutes ahead, `too_long_ago` before 1970.
pub(super) fn occurred_at(at: Moment, now: Moment) -> Result<(), Broken> {
    if at > now.plus_seconds(AHEAD_SECONDS) {
        Err(Broken::new("in_the_future"))
    } else if at <= Moment::EARLIEST {
        Err(Broken::new("too_early"))
    } else {
        Ok(())
    }
}

/// Whether the author may still change a contact as they like.
pub(super) fn is_fresh(created_at: Moment, now: Moment) -> bool {
    now < created_at.plus_seconds(OWN_SECONDS)
}

/// What is searched of notes: runs of characters that are written without spaces, and words of letters and digits, folded (NFKC, lower case)
/// and each after a space. Signs are left out, and so are numbers of seven digits and more.
pub(super) fn searched(notes: &str) -> String {
    let mut text = String::with_capacity(notes.len() + notes.len() / 8);
    for run in runs(notes) {
        text.push(' ');
        text.push_str(&run);
    }
    text
}

/// The runs of a text, each of one sort.
fn runs(text: &str) -> Vec<String> {
    let mut runs: Vec<String> = Vec::new();
    // The sort of the run that is open.
    let mut open: Option<bool> = None;
    for c in text.nfkc().flat_map(char::to_lowercase) {
        let sort = c.is_alphanumeric().then(|| is_cjk(c));
        match (sort, runs.last_mut()) {
            (Some(_), Some(run)) if sort == open => run.push(c),
            (Some(_), _) => runs.push(c.to_string()),
            (None, _) => {}
        }
        open = sort;
    }
    runs.into_iter().flat_map(without_numbers).collect()
}

/// The parts of a run beside numbers that are nobody's to be found by.
fn without_numbers(run: String) -> Vec<String> {
    if run.chars().filter(char::is_ascii_digit).count() < NUMBER_DIGITS {
        return vec![run];
    }
    let mut parts = vec![String::new()];
    let mut digits = String::new();
    for c in run.chars().map(Some).chain([None]) {
        if let Some(digit) = c.filter(char::is_ascii_digit) {
            digits.push(digit);
            continue;
        }
        if digits.len() >= NUMBER_DIGITS {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push_str(&digits);
        }
        digits.clear();
        if let (Some(c), Some(part)) = (c, parts.last_mut()) {
            part.push(c);
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// The tokens of what [`searched`] gives: pairs of neighbours in a run of characters and its last one alone, and words of two and more.
pub(super) fn tokens(searched: &str) -> Vec<String> {
    let mut tokens = BTreeSet::new();
    for run in searched.split(' ').filter(|run| !run.is_empty()) {
        let characters: Vec<char> = run.chars().collect();
        if characters.first().copied().is_some_and(is_cjk) {
            tokens.extend(characters.windows(2).map(|pair| pair.iter().collect::<String>()));
            tokens.extend(characters.last().map(char::to_string));
        } else if characters.len() >= 2 {
            tokens.insert(characters.into_iter().take(MAX_TOKEN).collect());
        }
    }
    tokens.into_iter().collect()
}

/// What a typed text looks for in notes.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Question {
    /// By the index; one with `true` may go on.
    pub(super) tokens: Vec<(String, bool)>,
    /// All of them are in what is searched of the notes. Words of letters begin there.
    pub(super) parts: Vec<String>,
}

/// Without the text: what is typed here is personal data.
impl std::fmt::Debug for Question {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Question").field("tokens", &self.tokens.len()).finish_non_exhaustive()
    }
}

/// Reads a typed text; none when it can find nothing: a single letter, signs only, a number of a phone or a document.
pub(super) fn question(typed: &str) -> Option<Question> {
    let plain: String = typed.nfkc().collect();
    let longest = plain.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or_default();
    if longest >= NUMBER_DIGITS {
        return None;
    }
    let mut question = Question { tokens: Vec::new(), parts: Vec::new() };
    for run in runs(typed).into_iter().take(MAX_WORDS) {
        let characters: Vec<char> = run.chars().collect();
        if !characters.first().copied().is_some_and(is_cjk) {
            let cut: String = characters.iter().take(MAX_TOKEN).collect();
            if characters.len() >= 2 {
                question.tokens.push((cut, true));
            }
            question.parts.push(format!(" {run}"));
            continue;
        }
        if characters.len() == 1 {
            question.tokens.push((run.clone(), true));
        }
        question.tokens.extend(characters.windows(2).map(|pair| (pair.iter().collect(), false)));
        question.parts.push(run);
    }
    question.tokens.sort();
    question.tokens.dedup();
    (!question.tokens.is_empty()).then_some(question)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What both engines do with a question.
    fn finds(question: &Question, notes: &str) -> bool {
        let searched = searched(notes);
        let tokens = tokens(&searched);
        let has = |(token, open): &(String, bool)| {
            tokens.iter().any(|own| own == token || (*open && own.starts_with(token.as_str())))
        };
        question.tokens.iter().all(has) && question.parts.iter().all(|part| searched.contains(part.as_str()))
    }

    #[test]
    fn notes_are_found_by_their_parts() {
        let notes = "客户王先生对ＶＩＰ理财感兴趣，约3月20日再谈。Asked about Fund 2026 (stop-profit)；电话13987654321。";
        for q in [
            "王先生",
            "先生",
            "生",
            "vip理财",
            "VIP",
            "感兴趣",
            "20",
            "fund",
            "Fun",
            "2026",
            "stop profit",
            "客户 fund",
            "谈asked",
            "电话",
        ] {
            assert!(question(q).is_some_and(|question| finds(&question, notes)), "{q}");
        }
        for q in ["王生", "und", "李先生", "profits", "客户 基金", "139", "8765", "4321", "兴趣感"]
        {
            assert!(!question(q).is_some_and(|question| finds(&question, notes)), "{q}");
        }
        for q in ["13987654321", "电话 13987654321", "9876543", "a", "，。", " ", "a b"] {
            assert!(question(q).is_none(), "{q}");
        }
        assert_eq!(searched("A股 5,000元"), " a 股 5 000 元");
        assert_eq!(tokens(" a 股 张三丰 000"), ["000", "三丰", "丰", "张三", "股"]);
        assert_eq!(format!("{:?}", question("王先生")), "Some(Question { tokens: 2, .. })");
    }

    #[test]
    fn a_contact_lies_between_1970_and_five_minutes_from_now() {
        let now = Moment(1_700_000_000_000_000);
        assert!(occurred_at(now.plus_seconds(300), now).is_ok() && occurred_at(Moment(1), now).is_ok());
        assert!(occurred_at(now.plus_seconds(301), now).is_err() && occurred_at(Moment(0), now).is_err());
        assert!(is_fresh(now, now.plus_seconds(86_399)) && !is_fresh(now, now.plus_seconds(86_400)));
    }

    proptest! {
        #[test]
        fn every_part_of_chinese_notes_finds_them(
            notes in "[一二三四五六七八九十，。a-c0-9 ]{1,40}", start in 0_usize..40, length in 1_usize..8
        ) {
            let runs: Vec<Vec<char>> = searched(&notes)
                .split(' ')
                .map(|run| run.chars().collect::<Vec<char>>())
                .filter(|run| run.first().copied().is_some_and(is_cjk))
                .collect();
            for run in runs {
                let from = start % run.len();
                let part: String = run.iter().skip(from).take(length).collect();
                prop_assert!(question(&part).is_some_and(|question| finds(&question, &notes)), "{part}");
            }
        }

        #[test]
        fn no_token_has_a_long_number(notes in "[a-z0-9一-龥 .,-]{0,60}") {
            for token in tokens(&searched(&notes)) {
                let longest = token.split(|c: char| !c.is_ascii_digit()).map(str::len).max();
                prop_assert!(longest.unwrap_or_default() < NUMBER_DIGITS, "{token}");
                prop_assert!(token.chars().all(char::is_alphanumeric));
            }
        }

        #[test]
        fn searching_what_is_searched_changes_nothing(notes in ".{0,60}") {
            let once = searched(&notes);
            prop_assert_eq!(searched(&once), once);
        }
    }
}
