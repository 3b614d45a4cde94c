use guanxi_api::{CustomerValue, Instant, TagRef, Tier};
use yew::prelude::*;

use crate::i18n::{Msg, use_i18n};
use crate::labels::Label;

/// What a badge says beyond its words.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Tone {
    #[default]
    Neutral,
    Good,
    Warning,
    Bad,
    Information,
}

#[derive(Properties, PartialEq)]
pub struct BadgeProps {
    #[prop_or_default]
    pub tone: Tone,
    pub children: Html,
}

/// A state in a word or two.
#[function_component]
pub fn Badge(props: &BadgeProps) -> Html {
    let tone = match props.tone {
        Tone::Neutral => None,
        Tone::Good => Some("badge--good"),
        Tone::Warning => Some("badge--warn"),
        Tone::Bad => Some("badge--bad"),
        Tone::Information => Some("badge--info"),
    };
    html! { <span class={classes!("badge", tone)}>{ props.children.clone() }</span> }
}

#[derive(Properties, PartialEq)]
pub struct TierMarkProps {
    pub tier: Tier,
}

/// A tier as a mark and a word, never colour alone.
#[function_component]
pub fn TierMark(props: &TierMarkProps) -> Html {
    let i = use_i18n();
    let class = match props.tier {
        Tier::Mass => "tier--mass",
        Tier::Gold => "tier--gold",
        Tier::Platinum => "tier--platinum",
        Tier::Diamond => "tier--diamond",
        Tier::Private => "tier--private",
    };
    html! {
        <span class={classes!("tier", class)}><span class="tier__mark" aria-hidden="true"></span>{ props.tier.label(i) }</span>
    }
}

#[derive(Properties, PartialEq)]
pub struct TagMarkProps {
    pub tag: TagRef,
    /// What can be done with it.
    #[prop_or_default]
    pub children: Html,
}

/// A tag by its name, in its colour; one that is archived is struck through.
#[function_component]
pub fn TagMark(props: &TagMarkProps) -> Html {
    let i = use_i18n();
    let tag = &props.tag;
    let title = tag.archived.then(|| format!("{} ({})", tag.name, i.t(Msg::CommonArchived)));
    html! {
        <span class={classes!("tag", format!("tag--{}", tag.colour), tag.archived.then_some("is-off"))} {title}>
            <span>{ &tag.name }</span>{ props.children.clone() }
        </span>
    }
}

#[derive(Properties, PartialEq)]
pub struct GradeMarkProps {
    pub value: CustomerValue,
    /// Stands where nothing else says that it is a grade.
    #[prop_or_default]
    pub named: bool,
}

/// A grade by its code, with the score when pointed at.
#[function_component]
pub fn GradeMark(props: &GradeMarkProps) -> Html {
    let i = use_i18n();
    let CustomerValue { grade, score, .. } = &props.value;
    let title = i.t(Msg::ValueScoreOf { score: &score.to_string() });
    html! {
        <span class="badge" {title}>{ if props.named { i.t(Msg::ValueGrade { grade }) } else { grade.clone().into() } }</span>
    }
}

#[derive(Properties, PartialEq)]
pub struct AvatarProps {
    pub name: AttrValue,
    #[prop_or_default]
    pub large: bool,
}

/// The first character of a name, as a picture beside it.
#[function_component]
pub fn Avatar(props: &AvatarProps) -> Html {
    let first: String =
        props.name.chars().find(|c| c.is_alphanumeric()).into_iter().flat_map(char::to_uppercase).collect();
    html! { <span class={classes!("avatar", props.large.then_some("avatar--l"))} aria-hidden="true" data-initial={first}></span> }
}

#[derive(Properties, PartialEq)]
pub struct NameProps {
    pub name: AttrValue,
}

/// A colleague: picture and name, never split over two lines.
#[function_component]
pub fn Name(props: &NameProps) -> Html {
    html! { <span class="person"><Avatar name={&props.name} /><span class="name">{ &props.name }</span></span> }
}

#[derive(Properties, PartialEq)]
pub struct KbdProps {
    pub children: Html,
}

/// A key.
#[function_component]
pub fn Kbd(props: &KbdProps) -> Html {
    html! { <kbd>{ props.children.clone() }</kbd> }
}

#[derive(Properties, PartialEq)]
pub struct TimeProps {
    pub at: Instant,
    /// How long ago, with the exact time when pointed at.
    #[prop_or_default]
    pub relative: bool,
}

/// An instant in the bank's zone.
#[function_component]
pub fn Time(props: &TimeProps) -> Html {
    let i = use_i18n();
    let exact = i.second(props.at);
    let text = if props.relative { i.relative(props.at) } else { i.minute(props.at) };
    html! { <time datetime={props.at.to_string()} title={exact} class="nowrap">{ text }</time> }
}
