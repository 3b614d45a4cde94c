//! A rule as a tree that can be edited: groups of comparisons, read from the filter grammar, written in it, and said in words.

use guanxi_api::{Amount, Language};

use super::fields::{Field, Kind, Op, field};
use crate::holdings::typed;
use crate::i18n::{I18n, Msg};
use crate::ui::read_date;

/// What divides the values of a list that is typed.
const DIVIDERS: [char; 6] = [',', '，', '、', ';', '；', '\n'];

/// One comparison, as it is being entered.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Line {
    /// The name of the field in the grammar.
    pub(super) field: &'static str,
    pub(super) op: Op,
    /// The chosen codes, or what is typed, as one text.
    pub(super) values: Vec<String>,
}

/// Comparisons and groups of which all or any have to hold; or not.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Group {
    pub(super) any: bool,
    pub(super) not: bool,
    pub(super) members: Vec<Node>,
}

#[derive(Clone, PartialEq, Debug)]
pub(super) enum Node {
    Line(Line),
    Group(Group),
}

impl Line {
    /// A comparison of a field to begin with.
    pub(super) fn of(field: &'static Field) -> Self {
        let op = field.operators().first().copied().unwrap_or(Op::Eq);
        Line { field: field.key, op, values: Vec::new() }
    }

    /// What stands in its only input.
    pub(super) fn typed(&self) -> &str {
        self.values.first().map_or("", String::as_str)
    }

    /// What is typed as a list, divided; the values as they are where they are chosen.
    fn list(&self, field: &Field) -> Vec<String> {
        match field.kind {
            Kind::Code(_) | Kind::Set(_) | Kind::YesNo => self.values.clone(),
            _ if self.op.takes_many() => {
                let parts = self.typed().split(DIVIDERS).map(str::trim);
                parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
            }
            _ => self.values.iter().map(|value| value.trim().to_owned()).collect(),
        }
    }

    /// In the grammar; nothing while it is not complete.
    pub(super) fn write(&self) -> Option<String> {
        let of = field(self.field)?;
        let key = self.field;
        let op = self.op.denies().unwrap_or(self.op);
        let before = if op == self.op { "" } else { "not " };
        if !op.takes_value() {
            return Some(format!("{key} {} null", if op == Op::Missing { "eq" } else { "ne" }));
        }
        let values: Vec<String> =
            self.list(of).iter().map(|value| literal(of.kind, value)).collect::<Option<_>>()?;
        let first = values.first()?;
        Some(match op {
            Op::In => format!("{before}{key} in ({})", values.join(", ")),
            other => format!("{before}{key} {} {first}", other.code()),
        })
    }

    /// In words.
    pub(super) fn words(&self, i: I18n) -> String {
        let Some(of) = field(self.field) else { return self.field.to_owned() };
        let values: Vec<String> = self.list(of).iter().map(|value| of.value_words(value, i)).collect();
        let values = values.join(&i.t(Msg::CommonListComma));
        let label = i.t(of.label);
        if matches!((of.kind, self.op), (Kind::YesNo, Op::Eq)) {
            let colon = if i.lang == Language::ZhCn { "：" } else { ": " };
            return format!("{label}{colon}{values}");
        }
        format!("{label} {} {values}", self.op.words(of.kind, i)).trim_end().to_owned()
    }
}

impl Group {
    /// The least that can be edited.
    pub(super) fn empty() -> Self {
        let line = super::fields::FIELDS.first().map(Line::of);
        Group { any: false, not: false, members: line.map(Node::Line).into_iter().collect() }
    }

    /// Reads a rule; nothing for what is none, and for what the tree cannot show. `comma` divides the values of lists.
    pub(super) fn read(text: &str, comma: &str) -> Option<Self> {
        let mut reader = Reader { rest: text.trim_start(), comma };
        let node = reader.expression()?;
        if !reader.rest.is_empty() {
            return None;
        }
        Some(match node {
            Node::Group(group) => group,
            line => Group { any: false, not: false, members: vec![line] },
        })
    }

    /// In the grammar; nothing while something is not complete.
    pub(super) fn write(&self) -> Option<String> {
        write(&Node::Group(self.clone()), None)
    }

    /// In words.
    pub(super) fn words(&self, i: I18n) -> String {
        words(&Node::Group(self.clone()), true, i)
    }

    /// Its comparisons in the order in which they are written, and whether what is around each is denied.
    pub(super) fn lines(&self) -> Vec<(Line, bool)> {
        let mut found = Vec::new();
        collect(self, false, &mut found);
        found
    }

    /// Whether all of its comparisons have to hold, and nothing else is said.
    pub(super) fn is_plain(&self) -> bool {
        !self.not
            && (!self.any || self.members.len() == 1)
            && self.members.iter().all(|member| matches!(member, Node::Line(_)))
    }

    pub(super) fn count(&self) -> usize {
        self.members
            .iter()
            .map(|member| match member {
                Node::Line(_) => 1,
                Node::Group(group) => group.count(),
            })
            .sum()
    }

    /// The group at a path from here.
    pub(super) fn at(&mut self, path: &[usize]) -> Option<&mut Group> {
        let Some((first, rest)) = path.split_first() else { return Some(self) };
        match self.members.get_mut(*first)? {
            Node::Group(group) => group.at(rest),
            Node::Line(_) => None,
        }
    }
}

fn collect(group: &Group, denied: bool, found: &mut Vec<(Line, bool)>) {
    let denied = denied != group.not;
    for member in &group.members {
        match member {
            Node::Line(line) => found.push((line.clone(), denied)),
            Node::Group(group) => collect(group, denied, found),
        }
    }
}

/// A rule in words; as it stands where it cannot be read.
pub(super) fn in_words(text: &str, i: I18n) -> String {
    Group::read(text, ",").map_or_else(|| text.to_owned(), |group| group.words(i))
}

/// A value as the grammar has it; nothing for what is no such value.
fn literal(kind: Kind, text: &str) -> Option<String> {
    let quoted = |text: &str| Some(serde_json::Value::from(text).to_string());
    let bare = || text.replace([',', '，', ' ', '\u{a0}'], "");
    match kind {
        _ if text.is_empty() => None,
        Kind::Code(_) | Kind::Set(_) | Kind::Text => quoted(text),
        Kind::Whole => bare().parse::<i64>().ok().map(|number| number.to_string()),
        Kind::Amount => Amount::parse(&bare()).map(|amount| typed(amount).to_string()),
        Kind::Date => quoted(&read_date(text)?.to_string()),
        Kind::YesNo => Some(text.to_owned()),
    }
}

/// A group of one that denies nothing is what it holds.
fn bare(node: &Node) -> &Node {
    match node {
        Node::Group(Group { not: false, members, .. }) => match members.as_slice() {
            [only] => bare(only),
            _ => node,
        },
        _ => node,
    }
}

/// `within` is whether any or all of what is around have to hold.
fn write(node: &Node, within: Option<bool>) -> Option<String> {
    let group = match bare(node) {
        Node::Line(line) => return line.write(),
        Node::Group(group) => group,
    };
    let members: Option<Vec<String>> = group
        .members
        .iter()
        .map(|member| write(member, (group.members.len() > 1).then_some(group.any)))
        .collect();
    let members = members.filter(|members| !members.is_empty())?;
    let body = members.join(if group.any { " or " } else { " and " });
    if group.not {
        let plain = |line: &Line| line.op.denies().is_none();
        let single = matches!(group.members.as_slice(), [only] if matches!(bare(only), Node::Line(line) if plain(line)));
        return Some(if single { format!("not {body}") } else { format!("not ({body})") });
    }
    // "and" binds tighter than "or", so that only the latter needs no parentheses around the former.
    Some(match within {
        None => body,
        Some(true) if !group.any => body,
        Some(_) => format!("({body})"),
    })
}

fn words(node: &Node, outside: bool, i: I18n) -> String {
    let group = match bare(node) {
        Node::Line(line) => return line.words(i),
        Node::Group(group) => group,
    };
    let alone = group.members.len() == 1;
    let members: Vec<String> = group.members.iter().map(|member| words(member, alone, i)).collect();
    let body = members.join(&i.t(if group.any { Msg::RuleOr } else { Msg::RuleAnd }));
    match (group.not, outside) {
        (true, _) => denied(&body, i),
        (false, true) => body,
        (false, false) => parenthesised(&body, i),
    }
}

fn parenthesised(body: &str, i: I18n) -> String {
    if i.lang == Language::ZhCn { format!("（{body}）") } else { format!("({body})") }
}

/// The contrary of something in words.
pub(super) fn denied(body: &str, i: I18n) -> String {
    format!("{}{}", i.t(Msg::RuleNot), parenthesised(body, i))
}

struct Reader<'a> {
    rest: &'a str,
    comma: &'a str,
}

impl<'a> Reader<'a> {
    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default().trim_start();
    }

    fn take(&mut self, sign: char) -> bool {
        let found = self.rest.starts_with(sign);
        if found {
            self.skip(sign.len_utf8());
        }
        found
    }

    fn peek_word(&self) -> &'a str {
        let end = self.rest.find(|c: char| !matches!(c, 'a'..='z' | '0'..='9' | '_'));
        self.rest.get(..end.unwrap_or(self.rest.len())).unwrap_or_default()
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.peek_word() == word;
        if found {
            self.skip(word.len());
        }
        found
    }

    fn expression(&mut self) -> Option<Node> {
        self.joined(true)
    }

    /// What stands between "or" if `any`, between "and" if not.
    fn joined(&mut self, any: bool) -> Option<Node> {
        let mut members = Vec::new();
        loop {
            members.push(if any { self.joined(false)? } else { self.term()? });
            if !self.take_word(if any { "or" } else { "and" }) {
                break;
            }
        }
        if members.len() == 1 {
            return members.pop();
        }
        Some(Node::Group(Group { any, not: false, members }))
    }

    fn term(&mut self) -> Option<Node> {
        let not = self.take_word("not");
        let inner = if self.take('(') {
            let inner = self.expression()?;
            if !self.take(')') {
                return None;
            }
            inner
        } else {
            Node::Line(self.comparison()?)
        };
        Some(match inner {
            inner if !not => inner,
            Node::Line(line) if line.op.denied().is_some() => {
                Node::Line(Line { op: line.op.denied().unwrap_or(line.op), ..line })
            }
            Node::Group(group) if !group.not => Node::Group(Group { not: true, ..group }),
            other => Node::Group(Group { any: false, not: true, members: vec![other] }),
        })
    }

    fn comparison(&mut self) -> Option<Line> {
        let of = field(self.peek_word())?;
        self.skip(of.key.len());
        let word = self.peek_word();
        self.skip(word.len());
        if matches!(word, "eq" | "ne") && self.take_word("null") {
            let op = if word == "eq" { Op::Missing } else { Op::Present };
            return Some(Line { field: of.key, op, values: Vec::new() });
        }
        let op = Op::ALL.iter().find(|(op, code)| *code == word && op.takes_value()).map(|(op, _)| *op)?;
        if !of.operators().contains(&op) {
            return None;
        }
        if !op.takes_many() {
            return Some(Line { field: of.key, op, values: vec![self.value(of)?] });
        }
        if !self.take('(') {
            return None;
        }
        let mut values = vec![self.value(of)?];
        while self.take(',') {
            values.push(self.value(of)?);
        }
        if !self.take(')') {
            return None;
        }
        if !matches!(of.kind, Kind::Code(_) | Kind::Set(_)) {
            // What divides the list when it is typed must not be part of a value.
            if values.iter().any(|value| value.contains(DIVIDERS)) {
                return None;
            }
            values = vec![values.join(self.comma)];
        }
        Some(Line { field: of.key, op, values })
    }

    /// One value of the kind of a field.
    fn value(&mut self, of: &Field) -> Option<String> {
        match of.kind {
            Kind::YesNo => {
                let word = self.peek_word();
                self.skip(word.len());
                matches!(word, "true" | "false").then(|| word.to_owned())
            }
            Kind::Whole | Kind::Amount => {
                let end = self.rest.find(|c: char| !matches!(c, '0'..='9' | '-' | '.'));
                let number = self.rest.get(..end.unwrap_or(self.rest.len()))?;
                self.skip(number.len());
                literal(of.kind, number).map(|_| number.to_owned())
            }
            Kind::Code(_) | Kind::Set(_) | Kind::Text | Kind::Date => {
                let text = self.string()?;
                literal(of.kind, &text).map(|_| text)
            }
        }
    }

    fn string(&mut self) -> Option<String> {
        let mut escaped = false;
        let end = self.rest.bytes().enumerate().skip(1).find_map(|(at, byte)| match byte {
            _ if escaped => {
                escaped = false;
                None
            }
            b'\\' => {
                escaped = true;
                None
            }
            b'"' => Some(at + 1),
            _ => None,
        })?;
        let text = serde_json::from_str(self.rest.get(..end)?).ok()?;
        self.skip(end);
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Lang;

    #[test]
    fn a_rule_is_written_as_it_was_read() {
        for text in [
            r#"age ge 50 and occupation in ("退休", "已退休")"#,
            r#"kind eq "person" and familiar eq true"#,
            r#"occupation in ("居家") and (aum ge 100000 or income_band in ("from_1m_to_5m", "above_5m"))"#,
            r#"occupation ne null and not occupation in ("学生", "退休")"#,
            r#"(age ge 50 or occupation in ("退休")) and deposit_share ge 80"#,
            r#"age ge 50 and familiar eq true or age lt 20 and city eq "上海""#,
            r#"not (age ge 50 and familiar eq true)"#,
            "not age ge 50",
            r#"not (not city starts "上")"#,
            r#"not (not (age ge 50 or age lt 20))"#,
            r#"age ge 1 and (age ge 2 and age ge 3)"#,
            r#"age ge 1 or (age ge 2 or age ge 3)"#,
            r#"product_kinds has "fund" and not channels_365_days has "counter""#,
            r#"product_kinds eq null and customer_since ge "2020-01-31""#,
            r#"city eq "a \"b\" \\ c""#,
            "aum le 0.5 and age in (30, 40)",
        ] {
            let group = Group::read(text, "、").unwrap_or_else(|| panic!("{text}"));
            assert_eq!(group.write().as_deref(), Some(text));
            assert_eq!(Group::read(&group.write().unwrap(), "、"), Some(group), "{text}");
        }
    }

    #[test]
    fn what_the_tree_cannot_show_is_not_read() {
        for text in [
            "",
            "age",
            "age ge",
            "age ge 50 and",
            "(age ge 50",
            "age ge 50)",
            "age ge \"50\"",
            "phone eq 1",
            "tier lt \"gold\"",
            "familiar in (true)",
            r#"city eq "open"#,
            r#"occupation in ("a, b")"#,
            "not not age ge 50",
        ] {
            assert_eq!(Group::read(text, ","), None, "{text}");
        }
    }

    #[test]
    fn what_is_typed_becomes_values_of_the_grammar() {
        let line = |key: &str, op, values: &[&str]| Line {
            field: field(key).unwrap().key,
            op,
            values: values.iter().map(|value| (*value).to_owned()).collect(),
        };
        let written = |line: Line| line.write();
        assert_eq!(written(line("aum", Op::Ge, &[" 1,000,000.50 "])).as_deref(), Some("aum ge 1000000.5"));
        assert_eq!(
            written(line("occupation", Op::In, &["教师、 医生,律师，"])).as_deref(),
            Some(r#"occupation in ("教师", "医生", "律师")"#)
        );
        assert_eq!(
            written(line("customer_since", Op::Lt, &["2026/1/5"])).as_deref(),
            Some(r#"customer_since lt "2026-01-05""#)
        );
        assert_eq!(written(line("gender", Op::Missing, &[])).as_deref(), Some("gender eq null"));
        for (key, op, values) in [
            ("age", Op::Ge, &["fifty"][..]),
            ("age", Op::Ge, &["1.5"]),
            ("age", Op::Ge, &[""]),
            ("aum", Op::Ge, &[]),
            ("occupation", Op::In, &[" 、"]),
            ("gender", Op::In, &[]),
        ] {
            assert_eq!(written(line(key, op, values)), None, "{key} {values:?}");
        }
    }

    #[test]
    fn a_rule_is_said_in_words() {
        let i = I18n { lang: Lang::En };
        let said = |text: &str| in_words(text, i);
        assert_eq!(
            said(r#"kind eq "person" and not (gender in ("female") or familiar eq true)"#),
            "Kind is person and not (Gender is one of female or Has investment products: yes)"
                .replace("person", &i.t(Msg::CustomerKindPerson))
                .replace("female", &i.t(Msg::GenderFemale))
                .replace("yes", &i.t(Msg::CommonYes))
        );
        assert_eq!(said("gibberish"), "gibberish");
        let zh = I18n { lang: Lang::ZhCn };
        assert_eq!(in_words("occupation ne null", zh), "职业 不为空");
    }

    #[test]
    fn comparisons_stand_in_their_order() {
        let group = Group::read("age ge 1 and not (age ge 2 or not (age ge 3 and age ge 4))", ",").unwrap();
        let lines: Vec<_> = group.lines().into_iter().map(|(line, denied)| (line.values, denied)).collect();
        let of = |value: &str, denied| (vec![value.to_owned()], denied);
        assert_eq!(lines, [of("1", false), of("2", true), of("3", false), of("4", false)]);
    }
}
