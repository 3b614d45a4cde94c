use guanxi_api::{Completeness, ContactPointKind, ProfilePiece};
use yew::prelude::*;

use crate::dom;
use crate::i18n::{I18n, Msg, use_i18n};
use crate::labels::Label;
use crate::ui::{Badge, Tone, meter};

/// A piece that somebody wants to enter, until the form for it is open.
#[derive(Clone, Copy, PartialEq, Default)]
pub struct Wanted {
    pub piece: Option<ProfilePiece>,
}

impl Wanted {
    /// The kind of contact point that would fill it.
    pub const fn contact(self) -> Option<ContactPointKind> {
        match self.piece {
            Some(ProfilePiece::Phone) => Some(ContactPointKind::Phone),
            Some(ProfilePiece::Address) => Some(ContactPointKind::Address),
            Some(ProfilePiece::EmailOrWechat) => Some(ContactPointKind::Email),
            _ => None,
        }
    }
}

/// Missing pieces in words, those that the tier demands standing out.
pub fn missing_words(completeness: &Completeness, i: I18n) -> Html {
    let comma = i.t(Msg::CommonListComma);
    let piece = |(n, piece): (usize, &ProfilePiece)| {
        let word = piece.label(i);
        let demanded = completeness.data_gap == Some(true) && completeness.required_missing.contains(piece);
        html! { <>{ if n > 0 { comma.clone() } else { "".into() } }if demanded { <b>{ word }</b> } else { { word } }</> }
    };
    html! { { for completeness.missing.iter().enumerate().map(piece) } }
}

#[derive(Properties, PartialEq)]
pub struct CompletenessBarProps {
    pub completeness: Completeness,
    /// Whether the user may enter what is missing.
    pub edit: bool,
    pub wanted: UseStateHandle<Wanted>,
}

/// How much of the profile is there, with the ways to what is missing.
#[function_component]
pub fn CompletenessBar(props: &CompletenessBarProps) -> Html {
    let i = use_i18n();
    let completeness = &props.completeness;
    let gap = completeness.data_gap == Some(true);
    let piece = |piece: &ProfilePiece| {
        let piece = *piece;
        let word = piece.label(i);
        let demanded = gap && completeness.required_missing.contains(&piece);
        if !props.edit {
            let tone = if demanded { Tone::Warning } else { Tone::Neutral };
            return html! { <li key={piece.as_str()}><Badge {tone}>{ word }</Badge></li> };
        }
        let wanted = props.wanted.clone();
        let go = move |_: MouseEvent| match piece {
            ProfilePiece::Phone
            | ProfilePiece::Address
            | ProfilePiece::EmailOrWechat
            | ProfilePiece::Identity => wanted.set(Wanted { piece: Some(piece) }),
            fact => dom::press(&format!("fact-{}", fact.as_str())),
        };
        let label = i.t(Msg::CompletenessEnter { field: &word });
        html! {
            <li key={piece.as_str()}>
                <button type="button" class={classes!("complete__piece", demanded.then_some("complete__piece--demanded"))} aria-label={label} onclick={go}>{ word }</button>
            </li>
        }
    };
    html! {
        <section class="complete" aria-label={i.t(Msg::CompletenessTitle)}>
            <p class="complete__score">
                <span>{ i.t(Msg::CompletenessTitle) }</span>
                <b>{ completeness.score }{ " %" }</b>
                { meter(f64::from(completeness.score) / 100.0, !gap) }
            </p>
            if gap { <Badge tone={Tone::Warning}>{ i.t(Msg::CompletenessDemanded { percent: &completeness.required_share.to_string() }) }</Badge> }
            if completeness.missing.is_empty() {
                <span class="muted">{ i.t(Msg::CompletenessWhole) }</span>
            } else {
                <span class="muted">{ i.t(Msg::CompletenessMissing) }</span>
                <ul class="complete__pieces">{ for completeness.missing.iter().map(piece) }</ul>
            }
        </section>
    }
}
