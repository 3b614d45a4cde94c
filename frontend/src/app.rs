//! The app as a whole: who is signed in decides between the sign-in page and the shell with its pages.

use std::rc::Rc;

use guanxi_api::{Me, SignedIn};
use yew::prelude::*;
use yew_router::BrowserRouter;

use crate::account::{ReSignIn, SignInPage, SomeoneElse};
use crate::api::{self, ApiError, Event};
use crate::session::{Session, SessionContext};
use crate::settings::{SettingsProvider, use_settings};
use crate::shell::Shell;
use crate::ui::{NewBuildBanner, OfflineBanner, OutdatedBanner, StartPanel, ToastProvider, use_toasts};
use crate::{dom, fetch, i18n, kept};

/// Everything.
#[function_component]
pub fn App() -> Html {
    html! {
        <SettingsProvider>
            <ToastProvider>
                <BrowserRouter>
                    <Doors />
                </BrowserRouter>
            </ToastProvider>
        </SettingsProvider>
    }
}

#[function_component]
fn Doors() -> Html {
    let settings = use_settings();
    let toasts = use_toasts();
    let offline = use_state(|| false);
    let expired = use_state(|| false);
    let taken = use_state(|| false);
    let outdated = use_state(|| false);
    // Why it is not known who is here.
    let unknown = use_state(|| None::<Rc<ApiError>>);
    let new_build = use_state(|| false);
    let session =
        use_state(|| if api::auth::may_be_signed_in() { Session::Starting } else { Session::SignedOut });
    // What the server was last told, so that choosing what it already knows sends nothing.
    let told = use_mut_ref(|| None::<Rc<crate::settings::Settings>>);

    let welcome = {
        let (session, settings, told) = (session.clone(), settings.clone(), told.clone());
        Callback::from(move |me: Me| {
            i18n::set_zone(&me.time_zone);
            let chosen = settings.now.with(&me.preferences);
            *told.borrow_mut() = Some(Rc::new(chosen.clone()));
            settings.set.emit(chosen);
            session.set(Session::SignedIn(Rc::new(me)));
        })
    };
    let leave = {
        let (session, told, taken) = (session.clone(), told.clone(), taken.clone());
        Callback::from(move |()| {
            taken.set(false);
            api::auth::forget();
            api::give_up();
            fetch::forget_all();
            kept::forget_all();
            crate::customers::forget_recent();
            crate::names::forget();
            *told.borrow_mut() = None;
            session.set(Session::SignedOut);
        })
    };

    let start = cb!((session, unknown, welcome), |()| {
        unknown.set(None);
        spawn!((session, unknown, welcome), {
            match api::auth::refresh().await {
                Ok(SignedIn { me, .. }) => welcome.emit(me),
                Err(error) if error.status == 401 => {
                    api::auth::forget();
                    session.set(Session::SignedOut);
                }
                Err(error) if error.is_refusal() && error.retry_after.is_none() => {
                    session.set(Session::SignedOut);
                }
                Err(error) => unknown.set(Some(Rc::new(error))),
            }
        });
    });
    use_effect_with((), {
        let (offline, expired, new_build) = (offline.setter(), expired.setter(), new_build.setter());
        let (taken, outdated) = (taken.setter(), outdated.setter());
        let (session, start) = (session.clone(), start.clone());
        move |()| {
            api::listen(Callback::from(move |event| match event {
                Event::Offline(now) => {
                    offline.set(now);
                    if !now {
                        fetch::ask_again(true);
                    }
                }
                Event::Expired => expired.set(true),
                Event::SomeoneElse => taken.set(true),
                Event::OwnAgain => {
                    taken.set(false);
                    expired.set(false);
                    api::signed_in_again();
                }
                Event::NewBuild => new_build.set(true),
            }));
            fetch::listen(Callback::from(move |now| outdated.set(now)));
            api::auth::hear_other_tabs();
            api::hear_network();
            if *session == Session::Starting {
                start.emit(());
            }
        }
    });

    // Whatever is chosen while signed in goes to the server as well.
    use_effect_with(settings.now.clone(), {
        let (told, toasts) = (told.clone(), toasts.clone());
        let i = i18n::I18n { lang: settings.now.language };
        move |now: &Rc<crate::settings::Settings>| {
            let patch = told.borrow().as_ref().and_then(|before| now.patch_since(before));
            if let Some(patch) = patch {
                *told.borrow_mut() = Some(Rc::clone(now));
                spawn!((toasts), {
                    if let Err(error) = api::auth::set_preferences(&patch).await {
                        toasts.fail(&error, i);
                    }
                });
            }
        }
    });

    let set = {
        let (session, leave) = (session.clone(), leave.clone());
        Callback::from(move |next: Session| match next {
            Session::SignedOut => leave.emit(()),
            other => session.set(other),
        })
    };
    let context = SessionContext { now: (*session).clone(), set };
    let again = {
        let expired = expired.clone();
        Callback::from(move |outcome: Option<Me>| {
            expired.set(false);
            match outcome {
                Some(me) => {
                    session.set(Session::SignedIn(Rc::new(me)));
                    api::signed_in_again();
                }
                None => leave.emit(()),
            }
        })
    };
    let context_ready = context.now != Session::Starting;
    let page = match &context.now {
        Session::Starting => match &*unknown {
            Some(error) => {
                html! { <StartPanel error={Rc::clone(error)} offline={*offline} ontry={start} /> }
            }
            None => html! { <Shell starting=true /> },
        },
        Session::SignedOut => html! { <SignInPage onsignin={welcome} /> },
        Session::SignedIn(_) => html! { <Shell /> },
    };
    let halt = match &context.now {
        Session::SignedIn(me) if *taken => html! { <SomeoneElse name={me.display_name.clone()} /> },
        Session::SignedIn(me) if *expired => {
            html! { <ReSignIn username={me.username.clone()} ondone={again} /> }
        }
        _ => html!(),
    };
    html! {
        <ContextProvider<SessionContext> {context}>
            <OfflineBanner offline={*offline} />
            <OutdatedBanner shown={*outdated} ontry={|()| fetch::ask_again(false)} />
            <NewBuildBanner shown={*new_build} />
            { page }
            { halt }
            if context_ready { <Ready /> }
        </ContextProvider<SessionContext>>
    }
}

/// Marks the moment at which the app first stands on the page and answers.
#[function_component]
fn Ready() -> Html {
    use_effect_with((), |()| {
        gloo_timers::callback::Timeout::new(0, || dom::mark("guanxi:interactive")).forget();
    });
    html!()
}
