use guanxi_api::{NewTag, Page as Rows, Tag, TagColour, TagPatch, TagRef};
use yew::prelude::*;
use yew_router::Routable;

use crate::api;
use crate::checks::Errors;
use crate::dom;
use crate::fetch::{self, use_query};
use crate::holdings::use_form;
use crate::i18n::{I18n, Msg, use_i18n};
use crate::labels::{Label, by_code, options, yes_no};
use crate::listing::{ListBody, ListRows, ListWords, use_listing};
use crate::route::Route;
use crate::session::{may, right, use_me};
use crate::ui::{
    Badge, Button, Column, Dialog, FilterField, FilterKind, HelpNote, Icon, IconButton, Link, Look, OnPhone,
    Page, Row, Select, TagMark, TextField, Time, use_toasts,
};

#[derive(Clone, PartialEq)]
enum Doing {
    Adding,
    Editing(Tag),
}

fn named(tag: &Tag) -> TagRef {
    // The row says that it is archived.
    TagRef { id: tag.id, name: tag.name.clone(), colour: tag.colour, archived: false }
}

/// `finds`: the user sees who has which tag.
fn row(tag: &Tag, i: I18n, finds: bool, acts: Option<Html>) -> Row {
    let count = i.number(u32::try_from(tag.customers).unwrap_or(u32::MAX));
    let filter = format!("tag_id eq \"{}\"", tag.id);
    let to = format!("{}{}", Route::Customers.to_path(), api::query(&[("filter", filter.as_str())]));
    let label = i.t(Msg::TagsWho { name: &tag.name, count: &count });
    let mut cells = vec![
        html! { <><TagMark tag={named(tag)} /> if tag.archived_at.is_some() { { " " }<Badge>{ i.t(Msg::CommonArchived) }</Badge> }</> },
        html! { { tag.description.clone().unwrap_or_default() } },
        html! { { tag.colour.label(i) } },
        html! { if finds && tag.customers > 0 { <Link {to} class="link" {label}>{ &count }</Link> } else { { &count } } },
        html! { <Time at={tag.created_at} relative=true /> },
    ];
    cells.extend(acts);
    Row {
        key: tag.id.to_string().into(),
        name: tag.name.clone().into(),
        off: tag.archived_at.is_some(),
        cells,
    }
}

/// The catalogue of tags; whoever may adds to it and keeps order in it.
#[function_component]
pub fn TagsPage() -> Html {
    let i = use_i18n();
    let me = use_me();
    let toasts = use_toasts();
    let doing = use_state(|| None::<Doing>);
    let listing = use_listing(Route::Tags.to_path(), "name");
    let rows = use_query::<Rows<Tag>, _, _>(Some(listing.key("tags")), {
        let (filter, sort, cursor) = (listing.filter.clone(), listing.sort.clone(), listing.cursor());
        move || async move { api::tags::list(&filter, &sort, &cursor).await }
    });
    let holds = |right: &str| me.as_ref().is_some_and(|me| may(me, right));
    let (create, manage, finds) =
        (holds(right::CREATE_TAGS), holds(right::MANAGE_TAGS), holds(right::VIEW_CUSTOMER_TAGS));
    let reload = rows.reload.clone();
    let done = cb!((doing, reload), |()| {
        doing.set(None);
        fetch::forget("tags");
        reload.emit(());
    });
    let close = cb!((doing), |()| doing.set(None));
    let set_archived = {
        let (toasts, done) = (toasts.clone(), done.clone());
        Callback::from(move |(id, archive): (uuid::Uuid, bool)| {
            spawn!((toasts, done), {
                let outcome = match api::tags::get(id).await {
                    Ok(now) => {
                        api::tags::act(id, &now.etag, if archive { "archive" } else { "restore" }).await
                    }
                    Err(error) => Err(error),
                };
                match outcome {
                    Ok(()) => {
                        toasts.say(i.t(if archive { Msg::TagsArchived } else { Msg::TagsRestored }));
                    }
                    Err(error) => toasts.fail(&error, i),
                }
                done.emit(());
            });
        })
    };
    // Buttons, since a cell cuts off a menu.
    let acts = |tag: &Tag| {
        let (id, off) = (tag.id, tag.archived_at.is_some());
        let about = |label: Msg<'_>| format!("{}: {}", i.t(label), tag.name);
        let edit = cb!((doing, tag), |_: MouseEvent| doing.set(Some(Doing::Editing(tag.clone()))));
        let archive = cb!((set_archived), |_: MouseEvent| set_archived.emit((id, !off)));
        let (icon, label) =
            if off { (Icon::ArchiveRestore, Msg::TagsRestore) } else { (Icon::Archive, Msg::TagsArchive) };
        html! {
            <>
                <IconButton small=true icon={Icon::Pencil} label={about(Msg::TagsEdit)} onclick={edit} />
                <IconButton small=true {icon} label={about(label)} onclick={archive} />
            </>
        }
    };
    let mut columns = vec![
        Column::new("name", i.t(Msg::TagsName)).sort("name").phone(OnPhone::Title),
        Column::new("description", i.t(Msg::TagsDescription)).phone(OnPhone::Line),
        Column::new("colour", i.t(Msg::TagsColour)),
        Column::new("customers", i.t(Msg::NavCustomers)).number().phone(OnPhone::Line),
        Column::new("created_at", i.t(Msg::FieldCreatedAt)).sort("created_at"),
    ];
    if manage {
        columns.push(Column::new("acts", i.t(Msg::CommonMore)).phone(OnPhone::Mark));
    }
    let field = |key: &'static str, label, kind| FilterField {
        key: key.into(),
        label: i.t(label),
        kind,
        nullable: false,
    };
    let fields = vec![
        field("colour", Msg::TagsColour, FilterKind::Codes(options::<TagColour>(i))),
        field("archived", Msg::CommonArchived, FilterKind::Codes(yes_no(i))),
    ];
    let add = cb!((doing), |_: MouseEvent| doing.set(Some(Doing::Adding)));
    let actions = html! { if create { <Button look={Look::Primary} icon={Icon::Plus} onclick={add}>{ i.t(Msg::TagsNew) }</Button> } };
    let line = |tag: &Tag| row(tag, i, finds, manage.then(|| acts(tag)));
    html! {
        <Page title={i.t(Msg::TagsTitle)} fill=true {actions}>
            <HelpNote text={i.t(if manage { Msg::TagsHelp } else { Msg::TagsHelpRead })} />
            <ListBody {listing} {fields} {columns} rows={ListRows::of(&rows.remote, line)} retry={rows.reload.clone()} words={ListWords {
                caption: i.t(Msg::TagsTitle),
                icon: Icon::Tag,
                none: i.t(Msg::TagsNone),
                none_text: i.t(Msg::TagsNoneText),
                failed: i.t(Msg::TagsFailed),
            }} />
            { match (*doing).clone() {
                None => html!(),
                Some(Doing::Adding) => html! { <TagForm ondone={done} onclose={close} /> },
                Some(Doing::Editing(tag)) => html! { <TagForm {tag} ondone={done} onclose={close} /> },
            } }
        </Page>
    }
}

#[derive(Properties, PartialEq)]
struct TagFormProps {
    /// The tag to change; without it, one is added.
    #[prop_or_default]
    tag: Option<Tag>,
    ondone: Callback<()>,
    onclose: Callback<()>,
}

#[function_component]
fn TagForm(props: &TagFormProps) -> Html {
    let i = use_i18n();
    let form = use_form(props.ondone.clone());
    let before = props.tag.clone();
    let is_new = before.is_none();
    let name = use_state(|| before.as_ref().map(|tag| tag.name.clone()).unwrap_or_default());
    let colour = use_state(|| before.as_ref().map_or(TagColour::Blue, |tag| tag.colour));
    let description =
        use_state(|| before.as_ref().and_then(|tag| tag.description.clone()).unwrap_or_default());
    let once = use_memo((), |()| dom::random_id());
    let onsubmit = cb!((form, before, name, colour, description, once), |event: SubmitEvent| {
        event.prevent_default();
        let new = NewTag {
            name: name.trim().to_owned(),
            colour: *colour,
            description: Some(description.trim().to_owned()).filter(|text| !text.is_empty()),
        };
        let (before, once) = (before.clone(), (*once).clone());
        form.send(Errors::check(&new, i), async move {
            let Some(before) = before else { return api::tags::create(&new, &once).await.map(drop) };
            let patch = TagPatch {
                name: (new.name != before.name).then_some(new.name),
                colour: (new.colour != before.colour).then_some(new.colour),
                description: (new.description != before.description).then_some(new.description),
            };
            let now = api::tags::get(before.id).await?;
            api::tags::patch(before.id, &now.etag, &patch).await
        });
    });
    let choose = cb!((colour), |code: String| if let Some(chosen) = by_code(&code) {
        colour.set(chosen);
    });
    let close = props.onclose.clone();
    let shown = name.trim();
    let preview = TagRef {
        id: uuid::Uuid::nil(),
        name: if shown.is_empty() { i.t(Msg::TagsName).to_string() } else { shown.to_owned() },
        colour: *colour,
        archived: false,
    };
    html! {
        <Dialog title={i.t(if is_new { Msg::TagsNew } else { Msg::TagsEdit })} onclose={props.onclose.clone()}>
            <form class="form" {onsubmit} novalidate=true>
                { form.notice(&["/name", "/description"]) }
                <TextField id="tag-name" label={i.t(Msg::TagsName)} value={(*name).clone()} oninput={cb!((name), |text| name.set(text))} error={form.at("/name")} required=true />
                <Select id="tag-colour" label={i.t(Msg::TagsColour)} options={options::<TagColour>(i)} value={colour.code()} onchange={choose} />
                <TextField id="tag-description" label={i.t(Msg::TagsDescription)} value={(*description).clone()} oninput={cb!((description), |text| description.set(text))}
                    error={form.at("/description")} optional=true hint={i.t(Msg::TagsDescriptionHint)} />
                <p class="tags"><span class="small muted">{ i.t(Msg::TagsPreview) }</span><TagMark tag={preview} /></p>
                <div class="form__actions">
                    <Button submit=true look={Look::Primary} busy={form.busy()}>{ i.t(Msg::CommonSave) }</Button>
                    <Button look={Look::Quiet} onclick={move |_| close.emit(())}>{ i.t(Msg::CommonCancel) }</Button>
                </div>
            </form>
        </Dialog>
    }
}
