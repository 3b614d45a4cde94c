use yew::prelude::*;

use crate::i18n::{Msg, use_i18n};

#[derive(Properties, PartialEq)]
pub struct PageProps {
    pub title: AttrValue,
    /// Stands in the place of the title's words, where a page shows more than words.
    #[prop_or_default]
    pub heading: Option<Html>,
    #[prop_or_default]
    pub actions: Html,
    /// A table fills the page down to its lower edge.
    #[prop_or_default]
    pub fill: bool,
    pub children: Html,
}

/// A page: its heading, its actions, its content. Sets the title of the window.
#[function_component]
pub fn Page(props: &PageProps) -> Html {
    let i = use_i18n();
    use_effect_with((props.title.clone(), i.lang), move |(title, _)| {
        gloo_utils::document().set_title(&i.t(Msg::AppWindowTitle { page: title }));
    });
    html! {
        <div class={classes!("page", props.fill.then_some("page--fill"))}>
            <header class="page__head">
                if let Some(heading) = &props.heading { { heading.clone() } } else { <h1>{ &props.title }</h1> }
                <div class="page__actions">{ props.actions.clone() }</div>
            </header>
            { props.children.clone() }
        </div>
    }
}

#[derive(Properties, PartialEq)]
pub struct HelpNoteProps {
    pub text: AttrValue,
}

/// What the page is for, for someone who sees it for the first time.
#[function_component]
pub fn HelpNote(props: &HelpNoteProps) -> Html {
    html! { <p class="help">{ &props.text }</p> }
}

#[derive(Properties, PartialEq)]
pub struct PanelProps {
    pub title: AttrValue,
    #[prop_or_default]
    pub actions: Html,
    /// The content reaches the border.
    #[prop_or_default]
    pub flush: bool,
    pub children: Html,
}

/// A titled part of a page.
#[function_component]
pub fn Panel(props: &PanelProps) -> Html {
    html! {
        <section class="panel" aria-label={&props.title}>
            <div class="panel__head"><h2>{ &props.title }</h2>{ props.actions.clone() }</div>
            <div class={classes!("panel__body", props.flush.then_some("panel__body--flush"))}>{ props.children.clone() }</div>
        </section>
    }
}
