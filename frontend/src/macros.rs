/// A `Callback` whose closure owns clones of the named values: `cb!((a, b), |event: MouseEvent| …)`.
macro_rules! cb {
    (($($name:ident),* $(,)?), $($closure:tt)*) => {{
        $(let $name = $name.clone();)*
        ::yew::Callback::from(move $($closure)*)
    }};
}

/// Starts a future that owns clones of the named values: `spawn!((a, b), { … })`.
macro_rules! spawn {
    (($($name:ident),* $(,)?), $body:block) => {{
        $(let $name = $name.clone();)*
        ::wasm_bindgen_futures::spawn_local(async move $body);
    }};
}
