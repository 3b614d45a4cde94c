use yew::prelude::*;

use super::{Dialog, Icon, Kbd, Shape, use_composed};
use crate::i18n::{Msg, use_i18n};
use crate::{dom, route};

/// Something the palette can go to or do.
#[derive(Clone, PartialEq)]
pub struct CommandItem {
    pub key: AttrValue,
    pub icon: Icon,
    pub text: Html,
    pub note: AttrValue,
    /// At the right edge.
    pub end: Html,
    /// The page it leads to; Ctrl+Enter opens it in a new tab.
    pub to: Option<AttrValue>,
    pub run: Callback<()>,
}

/// Items of one kind.
#[derive(Clone, PartialEq)]
pub struct CommandGroup {
    pub title: AttrValue,
    pub items: Vec<CommandItem>,
}

#[derive(Properties, PartialEq)]
pub struct CommandPaletteProps {
    pub placeholder: AttrValue,
    pub groups: Vec<CommandGroup>,
    /// Said when there is no item: that nothing was found, or what to type.
    pub nothing: AttrValue,
    /// What the newest text finds is still to come; what stands there meanwhile is of an older one.
    pub pending: bool,
    /// It could not be looked for.
    pub failed: bool,
    /// A text to look for; never one that an input method is still composing.
    pub onsearch: Callback<String>,
    pub onclose: Callback<()>,
}

/// One box for finding and doing: a combobox over a list in groups, in a dialog.
#[function_component]
pub fn CommandPalette(props: &CommandPaletteProps) -> Html {
    let i = use_i18n();
    let at = use_state(|| 0_usize);
    let list = use_node_ref();
    let items: Vec<CommandItem> = props.groups.iter().flat_map(|group| group.items.iter().cloned()).collect();
    let count = items.len();
    let chosen = (*at).min(count.saturating_sub(1));

    use_effect_with((), |()| dom::focus("palette-input"));
    // New results begin at the top.
    let first = items.first().map(|item| item.key.clone());
    use_effect_with(first, {
        let at = at.clone();
        move |_| at.set(0)
    });
    use_effect_with(chosen, {
        let list = list.clone();
        move |chosen| {
            let found = list
                .cast::<web_sys::Element>()
                .map(|root| dom::all(&root, "[role=option]"))
                .unwrap_or_default();
            if let Some(item) = found.get(*chosen) {
                dom::bring_into_sight(item);
            }
        }
    });

    // Enter was pressed before the newest text had found anything, with Ctrl or without.
    let hurried = use_mut_ref(|| None::<bool>);
    // Somebody has gone to an item of those that stand there, and so means that one.
    let gone_to = use_mut_ref(|| false);
    let search = props.onsearch.clone();
    let onsearch = cb!((search, at, hurried, gone_to), |text: String| {
        at.set(0);
        hurried.replace(None);
        gone_to.replace(false);
        search.emit(text);
    });
    let oninput = cb!((onsearch), |event: InputEvent| {
        if !event.is_composing() {
            onsearch.emit(dom::value_of(&event));
        }
    });
    let field = use_node_ref();
    use_composed(&field, cb!((onsearch), |text: String| onsearch.emit(text)));
    let onclose = &props.onclose;
    let open = cb!((onclose), |(item, tab): (CommandItem, bool)| {
        match (&item.to, tab) {
            (Some(to), true) => {
                let _ = gloo_utils::window().open_with_url_and_target(to, "_blank");
            }
            (to, _) => {
                onclose.emit(());
                if let Some(to) = to {
                    route::go(to);
                }
                item.run.emit(());
            }
        }
    });
    use_effect_with((props.pending, props.failed), {
        let (hurried, open, first) = (hurried.clone(), open.clone(), items.first().cloned());
        move |(pending, failed)| {
            // A page that happens to be called so is not what was looked for among customers in vain.
            if !pending
                && let Some(tab) = hurried.take()
                && let Some(first) = first.filter(|_| !failed)
            {
                open.emit((first, tab));
            }
        }
    });
    let pending = props.pending;
    let onkeydown = cb!((at, items, open, hurried, gone_to), |event: KeyboardEvent| {
        if dom::composing(&event) {
            return;
        }
        match event.key().as_str() {
            key @ ("ArrowDown" | "ArrowUp") if count > 0 => {
                gone_to.replace(true);
                at.set((chosen + if key == "ArrowDown" { 1 } else { count - 1 }) % count);
            }
            "Enter" => {
                let tab = event.ctrl_key() || event.meta_key();
                if pending && !*gone_to.borrow() {
                    hurried.replace(Some(tab));
                } else if let Some(item) = items.get(chosen) {
                    open.emit((item.clone(), tab));
                }
            }
            _ => return,
        }
        event.prevent_default();
    });

    let mut number = 0;
    let mut draw = |item: &CommandItem| {
        let index = number;
        number += 1;
        let onclick = cb!((open, item), |event: MouseEvent| open
            .emit((item.clone(), event.ctrl_key() || event.meta_key())));
        let onmousemove = cb!((at), |_: MouseEvent| if *at != index {
            at.set(index)
        });
        html! {
            <div class="palette__item" role="option" id={format!("palette-{index}")} aria-selected={if index == chosen { "true" } else { "false" }}
                {onclick} {onmousemove}>
                { item.icon.draw() }
                <span class="palette__text"><span>{ item.text.clone() }</span><small>{ &item.note }</small></span>
                <span class="palette__end">{ item.end.clone() }</span>
            </div>
        }
    };
    let groups: Vec<Html> = props
        .groups
        .iter()
        .filter(|group| !group.items.is_empty())
        .map(|group| {
            let items: Vec<Html> = group.items.iter().map(&mut draw).collect();
            html! {
                <div role="group" aria-label={&group.title}>
                    <div class="palette__group" aria-hidden="true">{ &group.title }</div>
                    { for items }
                </div>
            }
        })
        .collect();
    html! {
        <Dialog title={i.t(Msg::PaletteTitle)} shape={Shape::Bare} dirty=false onclose={props.onclose.clone()}>
            <div class="palette__box">
                { Icon::Search.draw() }
                <input id="palette-input" type="text" role="combobox" autocomplete="off" spellcheck="false" autocapitalize="off" placeholder={&props.placeholder}
                    aria-label={&props.placeholder} aria-expanded={if count > 0 { "true" } else { "false" }} aria-controls={(count > 0).then_some("palette-list")} aria-autocomplete="list"
                    aria-activedescendant={(count > 0).then(|| format!("palette-{chosen}"))} {oninput} ref={field} {onkeydown} />
                <Kbd>{ "Esc" }</Kbd>
            </div>
            if count > 0 {
                <div class="palette__list" id="palette-list" role="listbox" aria-label={i.t(Msg::PaletteTitle)} ref={list}>
                    { for groups }
                </div>
            }
            <div role="status">
                if count == 0 { <p class="combo__none pad">{ &props.nothing }</p> }
            </div>
            <div class="palette__foot">
                <span><Kbd>{ Icon::ArrowUp.draw() }{ Icon::ArrowDown.draw() }</Kbd>{ " " }{ i.t(Msg::PaletteMove) }</span>
                <span><Kbd>{ "Enter" }</Kbd>{ " " }{ i.t(Msg::PaletteOpen) }</span>
                <span><Kbd>{ "Ctrl Enter" }</Kbd>{ " " }{ i.t(Msg::PaletteNewTab) }</span>
                <span><Kbd>{ ">" }</Kbd>{ " " }{ i.t(Msg::PaletteActions) }</span>
            </div>
        </Dialog>
    }
}
