//! The frame around every page: rail, top bar, the page itself, and the keys that work everywhere.

use std::rc::Rc;

use gloo_timers::callback::Timeout;
use guanxi_api::{Language, Me, Theme};
use yew::prelude::*;
use yew_router::Routable;
use yew_router::hooks::{use_location, use_route};

use crate::customers::CustomersPage;
use crate::focus::use_focus_kept;
use crate::i18n::{I18n, Msg, use_i18n};
use crate::labels::{Label, options};
use crate::leaving::LeaveGuard;
use crate::palette::Palette;
use crate::parts::{LazyMustChangePassword, Part, PartPage, fetch_ahead};
use crate::route::Route;
use crate::scroll::use_scroll;
use crate::session::{Session, may, right, use_session};
use crate::settings::use_settings;
use crate::today::TodayPage;
use crate::ui::{
    Avatar, Button, Dialog, EmptyState, Icon, IconButton, Kbd, Link, Look, Menu, MenuItem, Page, Shape,
    Skeleton, use_toasts,
};
use crate::{api, dom, route};

/// Milliseconds after which what is likely wanted next is loaded.
const AHEAD: u32 = 1_500;

#[derive(Properties, PartialEq)]
pub struct ShellProps {
    /// Who is here is not known yet: the frame stands, empty.
    #[prop_or_default]
    pub starting: bool,
}

/// The frame.
#[function_component]
pub fn Shell(props: &ShellProps) -> Html {
    let i = use_i18n();
    let session = use_session();
    let palette = use_state(|| false);
    let route = use_route::<Route>().unwrap_or(Route::Missing);
    let main = use_node_ref();

    use_effect_with((), {
        let palette = palette.setter();
        move |()| {
            let listener = dom::on_key(move |event| {
                let hot = (event.ctrl_key() || event.meta_key()) && event.key().eq_ignore_ascii_case("k");
                let slash =
                    event.key() == "/" && !dom::typing(event) && !event.ctrl_key() && !event.meta_key();
                if (hot || slash) && !dom::composing(event) && !dom::dialog_open() {
                    event.prevent_default();
                    palette.set(true);
                }
            });
            move || drop(listener)
        }
    });
    use_scroll(&main);
    use_focus_kept();
    // Assistive technology hears of a new page.
    let path = use_location().map(|location| location.path().to_owned());
    let first = use_mut_ref(|| true);
    use_effect_with(path, {
        let main = main.clone();
        move |_| {
            if let Some(main) = main.cast::<web_sys::HtmlElement>()
                && !first.replace(false)
            {
                let _ = main.focus();
            }
        }
    });

    let me = match &session.now {
        Session::SignedIn(me) if !props.starting => Some(Rc::clone(me)),
        _ => None,
    };
    // When the first page has what it needs.
    use_effect_with(me.is_some(), |here| {
        let timer = here.then(|| Timeout::new(AHEAD, fetch_ahead));
        move || drop(timer)
    });
    let open = cb!((palette), |_: MouseEvent| palette.set(true));
    let close = cb!((palette), |()| palette.set(false));
    html! {
        <>
            <a class="skip" href="#main">{ i.t(Msg::ShellSkip) }</a>
            <div class="shell">
                <Rail me={me.clone()} route={route.clone()} />
                <header class="topbar">
                    <button type="button" class="topbar__search" onclick={open}>
                        { Icon::Search.draw() }<span>{ i.t(Msg::ShellSearch) }</span><Kbd>{ "Ctrl K" }</Kbd>
                    </button>
                    if let Some(me) = &me { <TopEnd me={Rc::clone(me)} first={route == Route::Customers} /> }
                </header>
                <main class="main" id="main" tabindex="-1" ref={main}>
                    { match &me {
                        None => html! { <div class="page"><Skeleton bare=true /></div> },
                        // The server answers nothing before the password is changed.
                        Some(me) if me.must_change_password => html!(),
                        Some(me) => html! { <PageOf {route} me={Rc::clone(me)} /> },
                    } }
                </main>
            </div>
            if let Some(me) = me {
                <LeaveGuard />
                if *palette { <Palette me={Rc::clone(&me)} onclose={close} /> }
                if me.must_change_password { <LazyMustChangePassword /> }
            }
        </>
    }
}

#[derive(Properties, PartialEq)]
struct PageOfProps {
    route: Route,
    me: Rc<Me>,
}

#[function_component]
fn PageOf(props: &PageOfProps) -> Html {
    let open = |part: Part| html! { <PartPage {part} route={props.route.clone()} /> };
    let part = |part: Part, right: &str| {
        if may(&props.me, right) {
            open(part)
        } else {
            html! { <Missing /> }
        }
    };
    match &props.route {
        Route::Home if may(&props.me, right::VIEW_TASKS) => html! { <TodayPage /> },
        Route::Home => html! { <Home /> },
        Route::Customers => html! { <CustomersPage /> },
        Route::NewCustomer => part(Part::Daily, right::CREATE_CUSTOMERS),
        Route::FieldConflicts => part(Part::Quality, right::VIEW_FIELD_CONFLICTS),
        Route::Duplicates | Route::Duplicate { .. } => part(Part::Quality, right::VIEW_DUPLICATES),
        Route::DataQuality => part(Part::Quality, right::VIEW_REPORTS),
        Route::TierWatch => part(Part::Tiers, right::VIEW_HOLDINGS),
        Route::Customer { .. } => open(Part::Daily),
        Route::Households | Route::Household { .. } => part(Part::Relations, right::VIEW_RELATIONS),
        Route::Holdings => part(Part::Daily, right::VIEW_HOLDINGS),
        Route::Products | Route::Units => open(Part::Administration),
        Route::Ownership => part(Part::Ownership, right::VIEW_TEAM_RULES),
        Route::Handover { .. } => part(Part::Ownership, right::VIEW_HANDOVERS),
        Route::Segments => part(Part::Segments, right::VIEW_SEGMENT_SCHEMES),
        Route::Value => part(Part::Value, right::VIEW_REPORTS),
        Route::GradeRules => part(Part::Value, right::VIEW_GRADES),
        Route::Surveys | Route::Survey { .. } | Route::Questionnaire { .. } => {
            part(Part::Surveys, right::VIEW_SURVEYS)
        }
        Route::Users | Route::User { .. } => part(Part::Administration, right::VIEW_USERS),
        Route::NewUser => part(Part::Administration, right::MANAGE_USERS),
        Route::Tiers => part(Part::Tiers, right::VIEW_TIERS),
        Route::Rates => part(Part::Administration, right::VIEW_RATES),
        Route::Audit => part(Part::Administration, right::VIEW_AUDIT),
        Route::Tags => part(Part::Administration, right::CREATE_TAGS),
        Route::Contacts => part(Part::Daily, right::VIEW_INTERACTIONS),
        Route::Tasks => part(Part::Daily, right::VIEW_TASKS),
        Route::Reports => part(Part::Reports, right::VIEW_REPORTS),
        Route::ContactTargets => part(Part::Reports, right::VIEW_TARGETS),
        Route::NewImport => part(Part::Imports, right::RUN_IMPORTS),
        Route::Jobs | Route::Job { .. } => part(Part::Imports, right::VIEW_JOBS),
        Route::Preferences | Route::Sessions | Route::Help => open(Part::Daily),
        Route::Missing => html! { <Missing /> },
    }
}

/// The first page of those who have no list of the day.
#[function_component]
fn Home() -> Html {
    use_effect_with((), |()| route::replace(&Route::Customers.to_path()));
    html!()
}

#[function_component]
fn Missing() -> Html {
    let i = use_i18n();
    html! {
        <Page title={i.t(Msg::MissingTitle)}>
            <EmptyState icon={Icon::CircleQuestionMark} title={i.t(Msg::MissingTitle)} text={i.t(Msg::MissingText)}>
                <Button to={Route::Customers.to_path()}>{ i.t(Msg::MissingBack) }</Button>
            </EmptyState>
        </Page>
    }
}

#[derive(Properties, PartialEq)]
struct RailProps {
    me: Option<Rc<Me>>,
    route: Route,
}

/// A place that the rail leads to.
struct Place {
    to: Route,
    icon: Icon,
    text: Msg<'static>,
    /// It is the page that is shown, or one below it.
    here: bool,
}

/// Where a user can go, the daily work first; the second list is administration.
fn places(me: &Me, at: &Route) -> [Vec<Place>; 2] {
    let place = |right: &str, to: Route, icon, text, here| {
        (right.is_empty() || may(me, right)).then_some(Place { to, icon, text, here })
    };
    let work = [
        place(right::VIEW_TASKS, Route::Home, Icon::CalendarCheck, Msg::NavToday, *at == Route::Home),
        place(
            "",
            Route::Customers,
            Icon::Users,
            Msg::NavCustomers,
            matches!(at, Route::Customers | Route::Customer { .. } | Route::NewCustomer),
        ),
        place(right::VIEW_HOLDINGS, Route::Holdings, Icon::Wallet, Msg::NavHoldings, *at == Route::Holdings),
        place(right::VIEW_TASKS, Route::Tasks, Icon::CircleCheck, Msg::NavTasks, *at == Route::Tasks),
        place(
            right::VIEW_INTERACTIONS,
            Route::Contacts,
            Icon::MessageCircle,
            Msg::NavContacts,
            *at == Route::Contacts,
        ),
        place(
            right::VIEW_SURVEYS,
            Route::Surveys,
            Icon::Smile,
            Msg::NavSurveys,
            matches!(at, Route::Surveys | Route::Survey { .. } | Route::Questionnaire { .. }),
        ),
        place(
            right::VIEW_RELATIONS,
            Route::Households,
            Icon::House,
            Msg::HouseholdTitle,
            matches!(at, Route::Households | Route::Household { .. }),
        ),
        place(
            right::VIEW_HOLDINGS,
            Route::TierWatch,
            Icon::TrendingUp,
            Msg::NavTierWatch,
            *at == Route::TierWatch,
        ),
        place(
            right::VIEW_FIELD_CONFLICTS,
            Route::FieldConflicts,
            Icon::ListChecks,
            Msg::NavConflicts,
            *at == Route::FieldConflicts,
        ),
        place(
            right::VIEW_DUPLICATES,
            Route::Duplicates,
            Icon::Copy,
            Msg::NavDuplicates,
            matches!(at, Route::Duplicates | Route::Duplicate { .. }),
        ),
        place(
            right::VIEW_REPORTS,
            Route::DataQuality,
            Icon::ClipboardCheck,
            Msg::NavDataQuality,
            *at == Route::DataQuality,
        ),
        place(
            // Administrators set the rules.
            if may(me, right::VIEW_OWNERSHIP) { right::VIEW_OWNERSHIP } else { right::MANAGE_TEAM_RULES },
            Route::Ownership,
            Icon::BadgeCheck,
            Msg::NavOwnership,
            matches!(at, Route::Ownership | Route::Handover { .. }),
        ),
        place(
            right::VIEW_SEGMENT_SCHEMES,
            Route::Segments,
            Icon::ChartPie,
            Msg::NavSegments,
            *at == Route::Segments,
        ),
        place(right::VIEW_REPORTS, Route::Value, Icon::Gem, Msg::NavValue, *at == Route::Value),
        place(right::VIEW_REPORTS, Route::Reports, Icon::ChartColumn, Msg::NavReports, *at == Route::Reports),
        place("", Route::Products, Icon::Package, Msg::NavProducts, *at == Route::Products),
    ];
    let administration = [
        place(
            right::VIEW_USERS,
            Route::Users,
            Icon::IdCard,
            Msg::NavUsers,
            matches!(at, Route::Users | Route::User { .. } | Route::NewUser),
        ),
        place(right::VIEW_USERS, Route::Units, Icon::Network, Msg::NavUnits, *at == Route::Units),
        place(
            right::VIEW_JOBS,
            Route::Jobs,
            Icon::Upload,
            Msg::NavJobs,
            matches!(at, Route::Jobs | Route::Job { .. } | Route::NewImport),
        ),
        place(right::VIEW_TIERS, Route::Tiers, Icon::Layers, Msg::NavTiers, *at == Route::Tiers),
        place(right::VIEW_GRADES, Route::GradeRules, Icon::Award, Msg::NavGrades, *at == Route::GradeRules),
        place(right::CREATE_TAGS, Route::Tags, Icon::Tag, Msg::NavTags, *at == Route::Tags),
        place(right::VIEW_RATES, Route::Rates, Icon::ArrowLeftRight, Msg::NavRates, *at == Route::Rates),
        place(
            right::MANAGE_TARGETS,
            Route::ContactTargets,
            Icon::Target,
            Msg::NavTargets,
            *at == Route::ContactTargets,
        ),
        place(right::VIEW_AUDIT, Route::Audit, Icon::ScrollText, Msg::NavAudit, *at == Route::Audit),
    ];
    [work.into_iter().flatten().collect(), administration.into_iter().flatten().collect()]
}

/// How many places the bar at the bottom of a phone has room for, beside the one that opens the others.
const ON_BAR: usize = 4;

/// The navigation: a column at the side, or a bar at the bottom of a phone.
#[function_component]
fn Rail(props: &RailProps) -> Html {
    let i = use_i18n();
    let settings = use_settings();
    let sheet = use_state(|| false);
    let toggle = {
        let settings = settings.clone();
        move |_| settings.change(|s| s.narrow_rail = !s.narrow_rail)
    };
    let narrow = settings.now.narrow_rail;
    let link = |place: &Place, class: &'static str| {
        let text = i.t(place.text);
        html! {
            <Link to={place.to.to_path()} class={classes!("rail__link", class)} current={place.here} title={narrow.then(|| text.clone())}>
                { place.icon.draw() }
                if place.to == Route::Holdings {
                    <span class="wide-only">{ &text }</span><span class="narrow-only">{ i.t(Msg::NavHoldingsShort) }</span>
                } else {
                    <span>{ &text }</span>
                }
            </Link>
        }
    };
    let Some(me) = &props.me else {
        return html! { <nav class="rail" aria-label={i.t(Msg::ShellNavigation)}>{ brand(i) }</nav> };
    };
    let [work, administration] = places(me, &props.route);
    let help = Place {
        to: Route::Help,
        icon: Icon::CircleQuestionMark,
        text: Msg::NavHelp,
        here: props.route == Route::Help,
    };
    let count = work.len();
    let (bar, rest) =
        work.iter().chain(&administration).enumerate().partition::<Vec<_>, _>(|(n, _)| *n < ON_BAR);
    let elsewhere = rest.iter().any(|(_, place)| place.here) || help.here;
    let group = || html! { <div class="rail__group">{ i.t(Msg::NavAdministration) }</div> };
    html! {
        <>
            <nav class="rail" aria-label={i.t(Msg::ShellNavigation)}>
                { brand(i) }
                { for bar.iter().chain(&rest).map(|(n, place)| html! {
                    <>
                        if *n == count { { group() } }
                        { link(place, if *n < ON_BAR { "" } else { "rail__rest" }) }
                    </>
                }) }
                <button type="button" class={classes!("rail__link", "rail__more", elsewhere.then_some("is-here"))} onclick={cb!((sheet), |_: MouseEvent| sheet.set(true))}
                    aria-haspopup="dialog" aria-expanded={if *sheet { "true" } else { "false" }}>
                    { Icon::Ellipsis.draw() }<span>{ i.t(Msg::ShellMore) }</span>
                </button>
                <div class="rail__end">
                    { link(&help, "rail__rest") }
                    <button type="button" class="rail__link rail__toggle" onclick={toggle} aria-pressed={if narrow { "true" } else { "false" }}
                        title={i.t(Msg::ShellNarrow)} aria-label={i.t(Msg::ShellNarrow)}>
                        { Icon::PanelLeft.draw() }<span>{ i.t(Msg::ShellNarrow) }</span>
                    </button>
                </div>
            </nav>
            if *sheet {
                <Dialog title={i.t(Msg::ShellMoreTitle)} shape={Shape::Sheet} onclose={cb!((sheet), |()| sheet.set(false))}>
                    <nav class="sheet__links" aria-label={i.t(Msg::ShellMoreTitle)} onclick={cb!((sheet), |_: MouseEvent| sheet.set(false))}>
                        { for rest.iter().map(|(n, place)| html! { <>if *n == count { { group() } }{ link(place, "") }</> }) }
                        { link(&help, "") }
                    </nav>
                </Dialog>
            }
        </>
    }
}

fn brand(i: I18n) -> Html {
    html! {
        <div class="rail__brand"><span class="rail__seal" aria-hidden="true">{ "关" }</span><span>{ i.t(Msg::AppName) }</span></div>
    }
}

/// A menu that chooses the language.
#[function_component]
pub fn LanguageMenu() -> Html {
    let i = use_i18n();
    let settings = use_settings();
    let items = Language::all().iter().map(|&language| MenuItem::Option {
        text: language.label(i),
        chosen: language == settings.now.language,
        run: cb!((settings), |()| settings.change(|s| s.language = language)),
    });
    html! { <Menu label={i.t(Msg::ShellLanguage)} button={Icon::Languages.draw()} items={items.collect::<Vec<_>>()} /> }
}

/// A menu that chooses light or dark.
#[function_component]
pub fn ThemeMenu() -> Html {
    let i = use_i18n();
    let settings = use_settings();
    let icon = match settings.now.theme {
        Theme::System => Icon::Monitor,
        Theme::Light => Icon::Sun,
        Theme::Dark => Icon::Moon,
    };
    let items = Theme::all().iter().map(|&theme| MenuItem::Option {
        text: theme.label(i),
        chosen: theme == settings.now.theme,
        run: cb!((settings), |()| settings.change(|s| s.theme = theme)),
    });
    html! { <Menu label={i.t(Msg::ShellTheme)} button={icon.draw()} items={items.collect::<Vec<_>>()} /> }
}

#[function_component]
fn DensityMenu() -> Html {
    let i = use_i18n();
    let settings = use_settings();
    let items = options::<guanxi_api::Density>(i).into_iter().map(|(code, text)| MenuItem::Option {
        text,
        chosen: code == settings.now.density.code(),
        run: cb!((settings, code), |()| settings
            .change(|s| s.density = crate::labels::by_code(&code).unwrap_or(s.density))),
    });
    html! { <Menu label={i.t(Msg::ShellDensity)} button={Icon::Rows.draw()} items={items.collect::<Vec<_>>()} outer={classes!("wide-only")} /> }
}

#[derive(Properties, PartialEq)]
struct TopEndProps {
    me: Rc<Me>,
    /// Adding a customer is what the page is for.
    first: bool,
}

#[function_component]
fn TopEnd(props: &TopEndProps) -> Html {
    let i = use_i18n();
    let sign_out = use_sign_out();
    html! {
        <div class="topbar__end">
            if may(&props.me, right::CREATE_CUSTOMERS) {
                <Button look={if props.first { Look::Primary } else { Look::Plain }} icon={Icon::Plus} to={Route::NewCustomer.to_path()} class="wide-only">{ i.t(Msg::ShellNew) }</Button>
                <span class="narrow-only">
                    <IconButton icon={Icon::Plus} label={i.t(Msg::ShellNew)} onclick={|_| route::go(&Route::NewCustomer.to_path())} />
                </span>
            }
            <LanguageMenu />
            <ThemeMenu />
            <DensityMenu />
            { me_menu(&props.me, i, &sign_out) }
        </div>
    }
}

fn me_menu(me: &Me, i: I18n, sign_out: &Callback<()>) -> Html {
    let go = |icon, text: Msg<'_>, to: Route| MenuItem::Link {
        icon: Some(icon),
        text: i.t(text),
        to: to.to_path().into(),
    };
    let items = vec![
        MenuItem::Note(html! {
            <><b>{ &me.display_name }</b>{ me.role.label(i) }{ " · " }{ me.org_unit.name.in_language(i.lang) }</>
        }),
        go(Icon::Settings, Msg::NavPreferences, Route::Preferences),
        go(Icon::Laptop, Msg::NavSessions, Route::Sessions),
        go(Icon::CircleQuestionMark, Msg::NavHelp, Route::Help),
        MenuItem::Line,
        MenuItem::Action {
            icon: Some(Icon::LogOut),
            text: i.t(Msg::NavSignOut),
            danger: false,
            run: sign_out.clone(),
        },
    ];
    html! { <Menu label={i.t(Msg::ShellMe { name: &me.display_name })} button={html! { <Avatar name={me.display_name.clone()} /> }} {items} /> }
}

/// Ends this session and goes to the sign-in page.
#[hook]
pub fn use_sign_out() -> Callback<()> {
    let i = use_i18n();
    let session = use_session();
    let toasts = use_toasts();
    Callback::from(move |()| {
        spawn!((session, toasts), {
            match api::auth::sign_out().await {
                Ok(()) => session.set.emit(Session::SignedOut),
                Err(error) if error.status == 401 => session.set.emit(Session::SignedOut),
                Err(error) => toasts.fail(&error, i),
            }
        });
    })
}
