//! A filter as a tree that can be edited: comparisons, and groups of them of which all or any have to hold, or not.

use yew::prelude::*;

use super::filters::{FilterField, FilterTerm, Words};
use crate::i18n::{I18n, Lang, Msg};

/// Comparisons and groups of which all or any have to hold; or not.
#[derive(Clone, PartialEq, Debug)]
pub struct FilterGroup {
    pub any: bool,
    pub not: bool,
    pub members: Vec<FilterNode>,
}

#[derive(Clone, PartialEq, Debug)]
pub enum FilterNode {
    Term(FilterTerm),
    Group(FilterGroup),
}

impl FilterGroup {
    /// Reads a filter; nothing for what is none, and for what names other fields or comparisons than those.
    pub fn read(text: &str, fields: &[FilterField]) -> Option<Self> {
        let mut words = Words::of(text);
        let node = joined(&mut words, fields, true)?;
        if !words.is_empty() {
            return None;
        }
        Some(match node {
            FilterNode::Group(group) => group,
            term => FilterGroup { any: false, not: false, members: vec![term] },
        })
    }

    /// In the API's grammar.
    pub fn write(&self) -> String {
        write(&FilterNode::Group(self.clone()), None)
    }

    /// In words.
    pub fn words(&self, fields: &[FilterField], i: I18n) -> String {
        said(&FilterNode::Group(self.clone()), true, fields, i)
    }

    /// How many comparisons it has.
    pub fn count(&self) -> usize {
        let of = |member: &FilterNode| match member {
            FilterNode::Term(_) => 1,
            FilterNode::Group(group) => group.count(),
        };
        self.members.iter().map(of).sum()
    }

    /// The same with every comparison as `change` makes it; nothing when one cannot be changed so.
    pub fn with(&self, change: &impl Fn(&FilterTerm) -> Option<FilterTerm>) -> Option<Self> {
        let of = |member: &FilterNode| match member {
            FilterNode::Term(term) => change(term).map(FilterNode::Term),
            FilterNode::Group(group) => group.with(change).map(FilterNode::Group),
        };
        Some(FilterGroup { members: self.members.iter().map(of).collect::<Option<_>>()?, ..self.clone() })
    }

    fn at(&mut self, path: &[usize]) -> Option<&mut FilterGroup> {
        let Some((first, rest)) = path.split_first() else { return Some(self) };
        match self.members.get_mut(*first)? {
            FilterNode::Group(group) => group.at(rest),
            FilterNode::Term(_) => None,
        }
    }

    /// The tree after a change at a place.
    pub fn edited(mut self, path: &[usize], edit: Edit) -> Self {
        let Some(group) = self.at(path) else { return self };
        match edit {
            Edit::Join { any, not } => (group.any, group.not) = (any, not),
            Edit::Add(node) => group.members.push(node),
            Edit::Drop(n) if n < group.members.len() => drop(group.members.remove(n)),
            Edit::Drop(_) => {}
            Edit::Set(n, term) => {
                if let Some(member) = group.members.get_mut(n) {
                    *member = FilterNode::Term(term);
                }
            }
        }
        // A group without members says nothing.
        match (group.members.is_empty(), path.split_last()) {
            (true, Some((last, parent))) => self.edited(parent, Edit::Drop(*last)),
            _ => self,
        }
    }
}

/// What becomes of a group.
#[derive(Clone)]
pub enum Edit {
    /// Which of the members have to hold.
    Join {
        any: bool,
        not: bool,
    },
    Add(FilterNode),
    Drop(usize),
    Set(usize, FilterTerm),
}

/// What stands between "or" if `any`, between "and" if not.
fn joined(words: &mut Words<'_>, fields: &[FilterField], any: bool) -> Option<FilterNode> {
    let mut members = Vec::new();
    loop {
        members.push(if any { joined(words, fields, false)? } else { term(words, fields)? });
        if !words.take_word(if any { "or" } else { "and" }) {
            break;
        }
    }
    if members.len() == 1 {
        return members.pop();
    }
    Some(FilterNode::Group(FilterGroup { any, not: false, members }))
}

fn term(words: &mut Words<'_>, fields: &[FilterField]) -> Option<FilterNode> {
    let not = words.take_word("not");
    let inner = if words.take("(") {
        let inner = joined(words, fields, true)?;
        if !words.take(")") {
            return None;
        }
        inner
    } else {
        FilterNode::Term(FilterTerm::read(words, fields)?)
    };
    Some(match inner {
        inner if !not => inner,
        FilterNode::Group(group) if !group.not => FilterNode::Group(FilterGroup { not: true, ..group }),
        // Of one member, that none holds is how people say it.
        other => FilterNode::Group(FilterGroup { any: true, not: true, members: vec![other] }),
    })
}

/// A group of one that denies nothing is what it holds.
fn bare(node: &FilterNode) -> &FilterNode {
    match node {
        FilterNode::Group(FilterGroup { not: false, members, .. }) => match members.as_slice() {
            [only] => bare(only),
            _ => node,
        },
        FilterNode::Term(_) | FilterNode::Group(_) => node,
    }
}

/// `within` is whether any or all of what is around have to hold.
fn write(node: &FilterNode, within: Option<bool>) -> String {
    let group = match bare(node) {
        FilterNode::Term(term) => return term.write(),
        FilterNode::Group(group) => group,
    };
    let around = (group.members.len() > 1).then_some(group.any);
    let members: Vec<String> = group.members.iter().map(|member| write(member, around)).collect();
    let body = members.join(if group.any { " or " } else { " and " });
    if group.not {
        return format!("not ({body})");
    }
    // "and" binds tighter than "or", so that only the latter needs no parentheses around the former.
    match within {
        None => body,
        Some(true) if !group.any => body,
        Some(_) => format!("({body})"),
    }
}

fn said(node: &FilterNode, alone: bool, fields: &[FilterField], i: I18n) -> String {
    let group = match bare(node) {
        FilterNode::Term(term) => {
            let field = fields.iter().find(|field| field.key == term.field);
            // What is compared with nothing ends with a space.
            return field.map_or_else(|| term.write(), |field| term.in_words(field, i).trim_end().to_owned());
        }
        FilterNode::Group(group) => group,
    };
    let one = group.members.len() == 1;
    let members: Vec<String> = group.members.iter().map(|member| said(member, one, fields, i)).collect();
    let body = members.join(&i.t(if group.any { Msg::RuleOr } else { Msg::RuleAnd }));
    let enclosed = || if i.lang == Lang::ZhCn { format!("（{body}）") } else { format!("({body})") };
    match (group.not, alone) {
        (true, _) => format!("{}{}", i.t(Msg::RuleNot), enclosed()),
        (false, true) => body,
        (false, false) => enclosed(),
    }
}

/// A filter in words, whatever it is; nothing for what cannot be read.
pub fn filter_in_words(text: &str, fields: &[FilterField], i: I18n) -> Option<AttrValue> {
    FilterGroup::read(text, fields).map(|group| group.words(fields, i).into())
}

#[cfg(test)]
mod tests {
    use super::super::filters::FilterKind;
    use super::*;

    fn fields() -> Vec<FilterField> {
        let field = |key: &'static str, kind| FilterField {
            key: key.into(),
            label: key.into(),
            kind,
            nullable: true,
        };
        vec![
            field("tier", FilterKind::Codes(vec![])),
            field("city", FilterKind::Text),
            field("aum", FilterKind::Number),
        ]
    }

    fn read(text: &str) -> FilterGroup {
        FilterGroup::read(text, &fields()).unwrap()
    }

    #[test]
    fn a_tree_is_read_as_it_was_written() {
        for text in [
            "aum ge 1",
            r#"tier eq "gold" or tier eq "mass" and aum ge 5"#,
            r#"(tier eq "gold" or city eq null) and aum gt 5"#,
            r#"not (tier in ("gold","mass") or city ne "a (b) or") and aum lt 3"#,
            r#"not (city eq "not") and (aum ge 1 or not (aum ge 2 and aum le 3))"#,
        ] {
            assert_eq!(read(text).write(), text);
        }
        assert_eq!(read("not aum ge 1").write(), "not (aum ge 1)");
        assert_eq!(read("((aum ge 1))").write(), "aum ge 1");
        assert_eq!(read("aum ge 1 and (aum ge 2 and aum ge 3)").count(), 3);
        for broken in ["", "(aum ge 1", "aum ge 1 or", "age ge 1", "aum ge 1)", "not", "aum ge 1 and and"] {
            assert_eq!(FilterGroup::read(broken, &fields()), None, "{broken}");
        }
    }

    #[test]
    fn edits_change_the_place_that_they_are_meant_for() {
        let root = read("aum ge 1 and (aum ge 2 or aum ge 3)");
        let edited = |path: &[usize], edit: Edit| root.clone().edited(path, edit).write();
        assert_eq!(edited(&[], Edit::Drop(0)), "aum ge 2 or aum ge 3");
        assert_eq!(edited(&[1], Edit::Drop(0)), "aum ge 1 and aum ge 3");
        let denied = Edit::Join { any: true, not: true };
        assert_eq!(edited(&[1], denied), "aum ge 1 and not (aum ge 2 or aum ge 3)");
        let FilterNode::Term(first) = &root.members[0] else { panic!() };
        assert_eq!(edited(&[1], Edit::Set(1, first.clone())), "aum ge 1 and (aum ge 2 or aum ge 1)");
        assert_eq!(
            edited(&[1], Edit::Add(FilterNode::Term(first.clone()))),
            "aum ge 1 and (aum ge 2 or aum ge 3 or aum ge 1)"
        );
        let gone = root.clone().edited(&[1], Edit::Drop(1)).edited(&[1], Edit::Drop(0));
        assert_eq!(gone.write(), "aum ge 1", "a group without members goes");
    }

    #[test]
    fn words_tell_what_belongs_together() {
        let i = I18n { lang: Lang::En };
        let said = |text: &str| read(text).words(&fields(), i);
        assert_eq!(
            said(r#"(city eq "a" or city starts "b") and not (city eq "c")"#),
            "(city is a or city starts with b) and not (city is c)"
        );
        assert_eq!(
            said(r#"city eq "a" and city ne "b" or city eq "c""#),
            "(city is a and city is not b) or city is c"
        );
    }
}
