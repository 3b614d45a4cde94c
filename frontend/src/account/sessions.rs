use guanxi_api::{Session as Place, Sessions};
use yew::prelude::*;

use crate::api;
use crate::fetch::use_query;
use crate::i18n::{Msg, use_i18n};
use crate::session::{Session, use_session};
use crate::ui::{
    Badge, Button, ConfirmDialog, ErrorPanel, HelpNote, Icon, Look, Page, Skeleton, Time, Tone, use_toasts,
};

/// Where one is signed in, with a way to end each.
#[function_component]
pub fn SessionsPage() -> Html {
    let i = use_i18n();
    let toasts = use_toasts();
    let session = use_session();
    let asking = use_state(|| false);
    let busy = use_state(|| false);
    let sessions = use_query::<Sessions, _, _>(Some("sessions".into()), api::auth::sessions);

    let everywhere = cb!((toasts, session, busy), |()| {
        busy.set(true);
        spawn!((toasts, session, busy), {
            match api::auth::sign_out_everywhere().await {
                Ok(()) => session.set.emit(Session::SignedOut),
                Err(error) => toasts.fail(&error, i),
            }
            busy.set(false);
        });
    });
    let reload = sessions.reload.clone();
    let revoke = |place: &Place| {
        let id = place.id;
        cb!((toasts, reload), |_: MouseEvent| {
            spawn!((toasts, reload), {
                match api::auth::revoke_session(id).await {
                    Ok(()) => toasts.say(i.t(Msg::SessionsEnded)),
                    Err(error) => toasts.fail(&error, i),
                }
                reload.emit(());
            });
        })
    };
    let line = |place: &Place| {
        html! {
            <li key={place.id.to_string()}>
                { Icon::Laptop.draw() }
                <span class="lines__main">
                    <span class="row"><b>{ browser_of(&place.user_agent) }</b>if place.current { <Badge tone={Tone::Good}>{ i.t(Msg::SessionsThis) }</Badge> }</span>
                    <span class="small muted">
                        { &place.address }{ " · " }{ i.t(Msg::SessionsSince) }{ " " }<Time at={place.signed_in_at} />{ " · " }
                        { i.t(Msg::SessionsSeen) }{ " " }<Time at={place.last_seen_at} relative=true />
                    </span>
                </span>
                if !place.current { <span class="lines__acts"><Button small=true onclick={revoke(place)}>{ i.t(Msg::SessionsEnd) }</Button></span> }
            </li>
        }
    };
    let ask = cb!((asking), |_: MouseEvent| asking.set(true));
    let close = cb!((asking), |()| asking.set(false));
    let remote = &sessions.remote;
    html! {
        <Page title={i.t(Msg::SessionsTitle)} actions={html! { <Button look={Look::Danger} icon={Icon::LogOut} onclick={ask}>{ i.t(Msg::SessionsEverywhere) }</Button> }}>
            <HelpNote text={i.t(Msg::SessionsHelp)} />
            <div class="column">
                { match (&remote.data, &remote.error) {
                    (Some(sessions), _) => html! { <ul class="lines panel">{ for sessions.data.iter().map(line) }</ul> },
                    (None, Some(error)) => html! { <ErrorPanel what={i.t(Msg::SessionsFailed)} error={error.clone()} retry={sessions.reload.clone()} /> },
                    (None, None) => html! { <Skeleton rows=3 bare=true /> },
                } }
            </div>
            if *asking {
                <ConfirmDialog title={i.t(Msg::SessionsEverywhere)} action={i.t(Msg::SessionsEverywhere)} danger=true busy={*busy} onconfirm={everywhere} onclose={close}>
                    <p>{ i.t(Msg::SessionsEverywhereText) }</p>
                </ConfirmDialog>
            }
        </Page>
    }
}

/// The browser and system that a user agent names, in a word each.
fn browser_of(agent: &str) -> String {
    let first = |names: &[(&str, &str)]| {
        names.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| (*name).to_owned())
    };
    let browser = first(&[
        ("Edg/", "Edge"),
        ("MicroMessenger", "WeChat"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = first(&[
        ("Windows", "Windows"),
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} · {system}"),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => agent.chars().take(60).collect(),
    }
}
