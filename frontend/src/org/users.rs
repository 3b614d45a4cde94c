use guanxi_api::{NewUser, Page as Rows, Role, User, UserWithPassword};
use uuid::Uuid;
use yew::prelude::*;
use yew_router::Routable;

use super::{unit_options, use_units};
use crate::api::{self, ApiError};
use crate::checks::Errors;
use crate::dom;
use crate::fetch::{self, use_query};
use crate::i18n::{I18n, Msg, use_i18n};
use crate::labels::{Label, by_code, options, yes_no};
use crate::leaving::{Unsaved, use_unsaved};
use crate::listing::{ListBody, ListRows, ListWords, use_listing};
use crate::once::use_once;
use crate::route::{self, Route};
use crate::session::{may, right, use_me};
use crate::ui::{
    Badge, Button, Column, Dialog, FilterField, FilterKind, HelpNote, Icon, Link, Look, Name, Notice,
    OnPhone, Page, Panel, Row, Select, TextField, Time, Tone, use_toasts,
};

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
    let units = use_units();
    let listing = use_listing(Route::Users.to_path(), "display_name");
    let rows = use_query::<Rows<User>, _, _>(Some(listing.key("users")), {
        let (filter, sort, cursor) = (listing.filter.clone(), listing.sort.clone(), listing.cursor());
        move || async move { api::users::list(&filter, &sort, &cursor).await }
    });

    let columns = vec![
        Column::new("display_name", i.t(Msg::FieldName)).sort("display_name").phone(OnPhone::Title),
        Column::new("username", i.t(Msg::UserUsername)).sort("username").phone(OnPhone::Line),
        Column::new("role", i.t(Msg::UserRole)).phone(OnPhone::Line),
        Column::new("org_unit", i.t(Msg::FieldOrgUnit)).phone(OnPhone::Line),
        Column::new("state", i.t(Msg::UserState)).phone(OnPhone::Mark),
        Column::new("updated_at", i.t(Msg::FieldUpdatedAt)).sort("updated_at"),
    ];
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
    let manage = me.is_some_and(|me| may(&me, right::MANAGE_USERS));
    let actions = html! { if manage { <Button look={Look::Primary} icon={Icon::UserPlus} to={Route::NewUser.to_path()}>{ i.t(Msg::UserNew) }</Button> } };
    html! {
        <Page title={i.t(Msg::UsersTitle)} fill=true {actions}>
            <HelpNote text={i.t(Msg::UsersHelp)} />
            <ListBody {listing} {fields} {columns} rows={ListRows::of(&rows.remote, |user| row(user, i))} retry={rows.reload.clone()} words={ListWords {
                caption: i.t(Msg::UsersTitle),
                icon: Icon::Users,
                none: i.t(Msg::UsersNone),
                none_text: i.t(Msg::UsersNoneText),
                failed: i.t(Msg::UsersFailed),
            }} />
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
    let once = use_once();
    let filled = !(name.is_empty() && username.is_empty());
    use_unsaved((filled && !*busy && made.is_none()).then_some(Unsaved::OnPage));

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
                let created = once.answered(api::users::create(&new, &once.key(&new)).await);
                match created {
                    Ok(user) => {
                        fetch::forget("users?");
                        made.set(Some(user));
                    }
                    Err(error) => {
                        errors.set(Errors::of(&error));
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
