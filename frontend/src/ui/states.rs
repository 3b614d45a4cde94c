use std::rc::Rc;

use yew::prelude::*;

use super::{Button, Icon, Look};
use crate::api::{ApiError, Failure};
use crate::dom;
use crate::i18n::{Msg, use_i18n};

#[derive(Properties, PartialEq)]
pub struct EmptyStateProps {
    pub icon: Icon,
    /// Why there is nothing.
    pub title: AttrValue,
    /// What next.
    #[prop_or_default]
    pub text: Option<AttrValue>,
    #[prop_or_default]
    pub children: Html,
}

/// Stands where data would be: why there is none and what to do about it.
#[function_component]
pub fn EmptyState(props: &EmptyStateProps) -> Html {
    html! {
        <div class="empty">
            { props.icon.draw() }
            <h2>{ &props.title }</h2>
            if let Some(text) = &props.text { <p>{ text }</p> }
            <div class="row">{ props.children.clone() }</div>
        </div>
    }
}

#[derive(Properties, PartialEq)]
pub struct ErrorPanelProps {
    /// What could not be done.
    pub what: AttrValue,
    pub error: Rc<ApiError>,
    #[prop_or_default]
    pub retry: Option<Callback<()>>,
}

/// What failed, why, a way to try again, and the id under which the server's log has it.
#[function_component]
pub fn ErrorPanel(props: &ErrorPanelProps) -> Html {
    let i = use_i18n();
    let icon = if props.error.failure == Failure::Unreachable { Icon::WifiOff } else { Icon::TriangleAlert };
    html! {
        <div class="empty" role="alert">
            { icon.draw() }
            <h2>{ &props.what }</h2>
            <p>{ props.error.detail(i) }</p>
            if let Some(id) = &props.error.request_id {
                <p class="small">{ i.t(Msg::ErrorRequestId) }{ " " }<span class="mono">{ id }</span></p>
            }
            if let Some(retry) = props.retry.clone() {
                <Button icon={Icon::RefreshCw} look={Look::Plain} onclick={move |_| retry.emit(())}>{ i.t(Msg::CommonRetry) }</Button>
            }
        </div>
    }
}

#[derive(Properties, PartialEq)]
pub struct SkeletonProps {
    #[prop_or(8)]
    pub rows: usize,
    /// Without the inset of a full-width table.
    #[prop_or_default]
    pub bare: bool,
}

/// The outline of what is coming; seen only if it takes longer than 150 ms.
#[function_component]
pub fn Skeleton(props: &SkeletonProps) -> Html {
    let i = use_i18n();
    html! {
        <div class={classes!("skeleton", props.bare.then_some("skeleton--bare"))} role="status">
            <span class="sr-only">{ i.t(Msg::CommonLoading) }</span>
            { for (0..props.rows).map(|_| html! { <div aria-hidden="true"><i /><i /><i /><i /></div> }) }
        </div>
    }
}

#[derive(Properties, PartialEq)]
pub struct OfflineBannerProps {
    pub offline: bool,
}

/// Says that the server cannot be reached; what is typed stays.
#[function_component]
pub fn OfflineBanner(props: &OfflineBannerProps) -> Html {
    let i = use_i18n();
    html! {
        <div role="status">
            if props.offline {
                <div class="offline">{ Icon::WifiOff.draw() }{ i.t(Msg::ErrorOffline) }</div>
            }
        </div>
    }
}

#[derive(Properties, PartialEq)]
pub struct OutdatedBannerProps {
    pub shown: bool,
    pub ontry: Callback<()>,
}

/// Says that what is shown may have changed meanwhile, because it could not be fetched again.
#[function_component]
pub fn OutdatedBanner(props: &OutdatedBannerProps) -> Html {
    let i = use_i18n();
    let retry = props.ontry.reform(|_: MouseEvent| ());
    html! {
        <div role="status">
            if props.shown {
                <div class="offline">
                    { Icon::TriangleAlert.draw() }<span>{ i.t(Msg::ErrorOutdated) }</span>
                    <Button small=true onclick={retry}>{ i.t(Msg::CommonRetry) }</Button>
                </div>
            }
        </div>
    }
}

#[derive(Properties, PartialEq)]
pub struct StartPanelProps {
    pub error: Rc<ApiError>,
    /// The server is known to be lost.
    pub offline: bool,
    pub ontry: Callback<()>,
}

/// Stands where the app would, when it is not known who is here because the server does not say. It tries again by itself once a lost server is back.
#[function_component]
pub fn StartPanel(props: &StartPanelProps) -> Html {
    let i = use_i18n();
    let was_lost = use_mut_ref(|| false);
    use_effect_with(props.offline, {
        let retry = props.ontry.clone();
        move |lost| {
            if was_lost.replace(*lost) && !lost {
                retry.emit(());
            }
        }
    });
    use_effect_with(i.lang, move |_| {
        gloo_utils::document().set_title(&i.t(Msg::AppName));
    });
    html! {
        <main class="start">
            <h1>{ i.t(Msg::AppName) }</h1>
            <ErrorPanel what={i.t(Msg::ErrorStart)} error={props.error.clone()} retry={props.ontry.clone()} />
        </main>
    }
}

#[derive(Properties, PartialEq)]
pub struct NewBuildBannerProps {
    pub shown: bool,
}

/// Says that a newer version is there. It is loaded when the user says so, never over what is being typed.
#[function_component]
pub fn NewBuildBanner(props: &NewBuildBannerProps) -> Html {
    let i = use_i18n();
    html! {
        <div role="status">
            if props.shown {
                <div class="offline">
                    { Icon::RefreshCw.draw() }<span>{ i.t(Msg::ShellNewBuild) }</span>
                    <Button small=true onclick={|_| dom::reload()}>{ i.t(Msg::ShellReload) }</Button>
                </div>
            }
        </div>
    }
}

#[derive(Properties, PartialEq)]
pub struct NoticeProps {
    /// `bad`, `warn`, `good`; information without one.
    #[prop_or_default]
    pub tone: Option<&'static str>,
    #[prop_or_default]
    pub alert: bool,
    pub children: Html,
}

/// A few sentences that matter now, in their place on the page.
#[function_component]
pub fn Notice(props: &NoticeProps) -> Html {
    let (class, icon) = match props.tone {
        Some("bad") => (Some("notice--bad"), Icon::CircleAlert),
        Some("warn") => (Some("notice--warn"), Icon::TriangleAlert),
        Some("good") => (Some("notice--good"), Icon::CircleCheck),
        _ => (None, Icon::Info),
    };
    html! {
        <div class={classes!("notice", class)} role={if props.alert { "alert" } else { "note" }}>
            { icon.draw() }<div class="notice__text">{ props.children.clone() }</div>
        </div>
    }
}
