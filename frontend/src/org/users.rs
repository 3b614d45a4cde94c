use std::rc::Rc;

use guanxi_api::{NewUser, Page as Rows, Role, User, UserWithPassword};
use uuid::Uuid;
use web_sys::UrlSearchParams;
use yew::prelude::*;
use yew_router::Routable;
use yew_router::hooks::use_location;

use super::{unit_options, use_units};
use crate::api::{self, ApiError};
use crate::checks::Errors;
use crate::dom;
use crate::fetch::{self, use_query};
use crate::i18n::{I18n, Msg, use_i18n};
use crate::labels::{Label, by_code, options, yes_no};
use crate::route::{self, Route};
use crate::session::{may, right, use_me};
use crate::settings::use_settings;
use crate::ui::{
    Badge, Button, Column, Dialog, EmptyState, ErrorPanel, FilterChips, FilterField, FilterKind, FilterTerm,
    HelpNote, Icon, Link, Look, Name, Notice, OnPhone, Page, Pagination, Panel, Row, Select, Skeleton, Sort,
    Table, TextField, Time, Tone, use_toasts,
};

const PAGE: u32 = 50;

fn row(user: &User, i: I18n) -> Row {
    let to = Route::User { id: user.id }.to_path();
    Row {
        key: user.id.to_string().into(),
        name: user.display_name.clone().into(),
        off: user.archived_at.is_some(),
        cells: vec![
            html! { <Link {to} class="table__link"><Name name={user.display_name.clone()} /></Link> },
            html! { { &user.username } },
            html! { { user.role.label(i) } },
            html! { { user.org_unit.name.in_language(i.lang).to_owned() } },
            state_of(user, i),
            html! { <Time at={user.updated_at} relative=true /> },
        ],
    }
}

/// Whether a user can sign in, in a word.
pub fn state_of(user: &User, i: I18n) -> Html {
    if user.archived_at.is_some() {
        html! { <Badge>{ i.t(Msg::CommonArchived) }</Badge> }
    } else if user.locked_until.is_some_and(|until| until.micros() as f64 / 1e3 > dom::now()) {
        html! { <Badge tone={Tone::Warning}>{ i.t(Msg::UserLocked) }</Badge> }
    } else if user.must_change_password {
        html! { <Badge tone={Tone::Information}>{ i.t(Msg::UserMustChange) }</Badge> }
    } else {
        html! { <Badge tone={Tone::Good}>{ i.t(Msg::UserActive) }</Badge> }
    }
}

/// The list of users.
#[function_component]
pub fn UsersPage() -> Html {
    let i = use_i18n();
    let me = use_me();
    let settings = use_settings();
    let units = use_units();
    let location = use_location();
    let params = location.and_then(|l| UrlSearchParams::new_with_str(l.query_str()).ok());
    let get = |key: &str| params.as_ref().and_then(|p| p.get(key)).unwrap_or_default();
    let (filter, sort) = (get("filter"), get("sort"));
    let sort_text = if sort.is_empty() { "display_name".to_owned() } else { sort.clone() };
    let place = use_state(|| (String::new(), Vec::<String>::new()));
    let of = format!("{filter}&{sort}");
    let cursors = if place.0 == of { place.1.clone() } else { Vec::new() };
    let cursor = cursors.last().cloned().unwrap_or_default();
    let rows = use_query::<Rows<User>, _, _>(Some(format!("users?{of}&{cursor}")), {
        let (filter, sort) = (filter.clone(), sort_text.clone());
        move || async move { api::users::list(&filter, &sort, &cursor).await }
    });

    let columns = Rc::new(vec![
        Column::new("display_name", i.t(Msg::FieldName)).sort("display_name").phone(OnPhone::Title),
        Column::new("username", i.t(Msg::UserUsername)).sort("username").phone(OnPhone::Line),
        Column::new("role", i.t(Msg::UserRole)).phone(OnPhone::Line),
        Column::new("org_unit", i.t(Msg::FieldOrgUnit)).phone(OnPhone::Line),
        Column::new("state", i.t(Msg::UserState)).phone(OnPhone::Mark),
        Column::new("updated_at", i.t(Msg::FieldUpdatedAt)).sort("updated_at"),
    ]);
    let field = |key: &'static str, label, kind, nullable| FilterField {
        key: key.into(),
        label: i.t(label),
        kind,
        nullable,
    };
    let fields = vec![
        field("role", Msg::UserRole, FilterKind::Codes(options::<Role>(i)), false),
        field("org_unit_id", Msg::FieldOrgUnit, FilterKind::Codes(unit_options(&units, i)), false),
        field("archived", Msg::CommonArchived, FilterKind::Codes(yes_no(i)), false),
    ];
    let path = |filter: &str, sort: &str| {
        format!("{}{}", Route::Users.to_path(), api::query(&[("filter", filter), ("sort", sort)]))
    };
    let read = FilterTerm::read_all(&filter, &fields);
    let foreign = read.is_none().then(|| AttrValue::from(filter.clone()));
    let set_terms =
        cb!((sort), |terms: Vec<FilterTerm>| route::go(&path(&FilterTerm::write_all(&terms), &sort)));
    let onsort = cb!((filter), |sort: Sort| route::go(&path(&filter, &sort.write())));
    let go_to = |cursors: Vec<String>| {
        let (place, of) = (place.clone(), of.clone());
        Callback::from(move |()| place.set((of.clone(), cursors.clone())))
    };
    let data = rows.remote.data.clone();
    let next = data
        .as_ref()
        .and_then(|rows| rows.page.next.clone())
        .map(|next| go_to(cursors.iter().cloned().chain([next]).collect()));
    let back = cursors.split_last().map(|(_, before)| go_to(before.to_vec()));
    let manage = me.is_some_and(|me| may(&me, right::MANAGE_USERS));
    let actions = html! { if manage { <Button look={Look::Primary} icon={Icon::UserPlus} to={Route::NewUser.to_path()}>{ i.t(Msg::UserNew) }</Button> } };
    html! {
        <Page title={i.t(Msg::UsersTitle)} fill=true {actions}>
            <HelpNote text={i.t(Msg::UsersHelp)} />
            <div class="filters" role="search"><FilterChips {fields} terms={read.unwrap_or_default()} {foreign} onchange={set_terms} /></div>
            { match (data, &rows.remote.error) {
                (Some(data), _) if data.data.is_empty() => html! { <EmptyState icon={Icon::Users} title={i.t(Msg::UsersNone)} text={i.t(Msg::UsersNoneText)} /> },
                (Some(data), _) => html! {
                    <>
                        <Table caption={i.t(Msg::UsersTitle)} {columns} sort={Sort::read(&sort_text)} {onsort} letters={settings.now.shortcuts}
                            rows={data.data.iter().map(|user| row(user, i)).collect::<Vec<_>>()} />
                        <Pagination before={cursors.len() as u32 * PAGE} rows={data.data.len() as u32} last={data.page.next.is_none()} onback={back} onnext={next} />
                    </>
                },
                (None, Some(error)) => html! { <ErrorPanel what={i.t(Msg::UsersFailed)} error={error.clone()} retry={rows.reload.clone()} /> },
                (None, None) => html! { <Skeleton rows=10 /> },
            } }
        </Page>
    }
}

/// Adds a user.
#[function_component]
pub fn NewUserPage() -> Html {
    let i = use_i18n();
    let me = use_me();
    let units = use_units();
    let username = use_state(String::new);
    let name = use_state(String::new);
    let role = use_state(|| Role::Rm);
    let unit = use_state(|| me.map(|me| me.org_unit.id.to_string()).unwrap_or_default());
    let errors = use_state(Errors::default);
    let refused = use_state(|| None::<ApiError>);
    let busy = use_state(|| false);
    let made = use_state(|| None::<UserWithPassword>);
    let once = use_state(dom::random_id);

    let onsubmit =
        cb!((username, name, role, unit, errors, refused, busy, made, once), |event: SubmitEvent| {
            event.prevent_default();
            let new = NewUser {
                username: username.trim().to_owned(),
                display_name: name.trim().to_owned(),
                role: *role,
                org_unit_id: Uuid::parse_str(&unit).unwrap_or_default(),
            };
            let found = Errors::check(&new, i);
            errors.set(found.clone());
            refused.set(None);
            if !found.is_empty() || *busy {
                return;
            }
            busy.set(true);
            spawn!((errors, refused, busy, made, once), {
                match api::users::create(&new, &once).await {
                    Ok(user) => {
                        fetch::forget("users?");
                        made.set(Some(user));
                    }
                    Err(error) => {
                        errors.set(Errors::of(&error));
                        if error.failure == api::Failure::Refused {
                            once.set(dom::random_id());
                        }
                        refused.set(error.errors.is_empty().then_some(error));
                    }
                }
                busy.set(false);
            });
        });
    html! {
        <Page title={i.t(Msg::UserNew)}>
            <HelpNote text={i.t(Msg::UserNewHelp)} />
            <form class="form column" {onsubmit} novalidate=true>
                if let Some(error) = &*refused { <Notice tone="bad" alert=true>{ error.detail(i) }</Notice> }
                <Panel title={i.t(Msg::UserTitle)}>
                    <div class="form__grid">
                        <TextField id="display_name" label={i.t(Msg::FieldName)} value={(*name).clone()} oninput={cb!((name), |text| name.set(text))}
                            error={errors.at("/display_name")} required=true autofocus=true />
                        <TextField id="new-username" label={i.t(Msg::UserUsername)} value={(*username).clone()} oninput={cb!((username), |text| username.set(text))}
                            error={errors.at("/username")} hint={i.t(Msg::UserUsernameHint)} required=true />
                        <Select id="role" label={i.t(Msg::UserRole)} options={options::<Role>(i)} value={role.code()} error={errors.at("/role")}
                            onchange={cb!((role), |code: String| role.set(by_code(&code).unwrap_or(*role)))} />
                        <Select id="org_unit_id" label={i.t(Msg::FieldOrgUnit)} options={unit_options(&units, i)} value={(*unit).clone()} error={errors.at("/org_unit_id")}
                            onchange={cb!((unit), |id| unit.set(id))} />
                    </div>
                </Panel>
                <div class="form__actions">
                    <Button submit=true look={Look::Primary} busy={*busy}>{ i.t(Msg::UserNewAction) }</Button>
                    <Button look={Look::Quiet} to={Route::Users.to_path()}>{ i.t(Msg::CommonCancel) }</Button>
                </div>
            </form>
            if let Some(made) = &*made {
                <PasswordDialog username={made.user.username.clone()} password={made.password.clone().map(AttrValue::from)}
                    onclose={{ let id = made.user.id; move |()| route::replace(&Route::User { id }.to_path()) }} />
            }
        </Page>
    }
}

#[derive(Properties, PartialEq)]
pub struct PasswordDialogProps {
    pub username: AttrValue,
    pub password: Option<AttrValue>,
    pub onclose: Callback<()>,
}

/// The one time that a new password is seen.
#[function_component]
pub fn PasswordDialog(props: &PasswordDialogProps) -> Html {
    let i = use_i18n();
    let toasts = use_toasts();
    let password = props.password.clone().unwrap_or_default();
    let copied = use_state(|| false);
    let copy = cb!((password, toasts, copied), |_: MouseEvent| {
        dom::copy(&password);
        copied.set(true);
        toasts.say(i.t(Msg::CommonCopied));
    });
    let close = props.onclose.clone();
    let footer = html! { <Button look={Look::Primary} onclick={move |_| close.emit(())}>{ i.t(Msg::CommonDone) }</Button> };
    html! {
        <Dialog title={i.t(Msg::UserPasswordTitle)} {footer}>
            <p>{ i.t(Msg::UserPasswordText { username: &props.username }) }</p>
            if props.password.is_some() {
                <p class="row"><span class="secret" id="new-password-once">{ password }</span>
                    <Button small=true icon={if *copied { Icon::Check } else { Icon::Copy }} onclick={copy}>{ i.t(Msg::CommonCopy) }</Button></p>
            } else {
                <Notice tone="warn">{ i.t(Msg::UserPasswordGone) }</Notice>
            }
        </Dialog>
    }
}
