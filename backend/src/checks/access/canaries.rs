use std::io;
use std::sync::{LazyLock, Mutex, Once, PoisonError};

use guanxi_api::Role;
use tracing_subscriber::EnvFilter;

use crate::access::rights::{MaskProfile, Right};
use crate::testing::Answer;

/// What nobody sees but through a reveal: whole values, and the stretch of each that its mask covers.
pub const HIDDEN: [&str; 26] = [
    "11010519491231002X",
    "10519491231",
    "440524188001010014",
    "524188001",
    "13987654321",
    "1398765",
    "9876543",
    "8613987654321",
    "13712348765",
    "1371234",
    "7123487",
    "8613712348765",
    "canary.bird",
    "anary.bird",
    "Kanari.Vogel",
    "kanari.vogel",
    "canary_wx_7713",
    "anary_wx",
    "灵隐路七号",
    "金丝雀",
    "canary_bad_mail",
    "13987654x21",
    "110105194912310021",
    "55667788990011",
    "622202198765",
    "6222 0219 8765",
];

/// What restricted roles do not see either.
pub const RESTRICTED: [&str; 9] = [
    "1949-12-31",
    "above_5m",
    "夜莺一",
    "夜莺二",
    "夜莺三",
    "夜莺四",
    "7654321.9876",
    "76543219876",
    "cross_border_reporting",
];

/// What stands in notes of holdings and transactions, of which restricted roles see none.
pub const HELD: [&str; 2] = ["夜莺五", "夜莺六"];
/// What those do not see who see no contacts and tasks.
pub const CONTACTS: [&str; 4] = ["百灵鸟一", "百灵鸟二", "百灵鸟三", "nightjar"];

/// Texts of things, and who sees those: all who have the right to, or whoever made a thing that is their own.
pub const GATED: [(&str, Seers); 11] = [
    ("杜鹃一", Seers::With(Right::ViewRelations)),
    ("杜鹃二", Seers::With(Right::ViewRelations)),
    ("杜鹃三", Seers::With(Right::ViewCarePlans)),
    ("杜鹃四", Seers::With(Right::ViewSegments)),
    ("杜鹃五", Seers::With(Right::ViewFieldConflicts)),
    ("杜鹃六", Seers::With(Right::ViewDuplicates)),
    ("杜鹃七", Seers::With(Right::ViewSurveys)),
    ("杜鹃八", Seers::With(Right::ViewHandovers)),
    ("杜鹃九", Seers::With(Right::ViewStandIns)),
    // The audit trail has what a view was made of.
    ("夜鹰一", Seers::OwnerAndTrail(Role::OutletHead)),
    ("夜鹰二", Seers::Only(Role::OutletHead)),
];

/// Who may see a canary.
#[derive(Clone, Copy, Debug)]
pub enum Seers {
    With(Right),
    Only(Role),
    OwnerAndTrail(Role),
}

impl Seers {
    fn include(self, role: Role) -> bool {
        match self {
            Seers::With(right) => right.is_given_to(role),
            Seers::Only(owner) => role == owner,
            Seers::OwnerAndTrail(owner) => role == owner || Right::ViewAudit.is_given_to(role),
        }
    }
}

/// Names are no secret in answers, but stay out of the log.
pub const NAMES: [&str; 3] = ["欧阳若兰", "慕容雪", "ouyang"];

static LOG: LazyLock<Mutex<Vec<u8>>> = LazyLock::new(Mutex::default);

struct LogWriter;

impl io::Write for LogWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Keeps everything that the server writes to its log, in full detail.
pub fn capture_log() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let filter = EnvFilter::new("info,guanxi=trace,guanxi_db=trace");
        let log = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_ansi(false)
            .with_writer(|| LogWriter)
            .finish();
        tracing::subscriber::set_global_default(log).expect("no other test takes the log");
    });
}

pub fn logged() -> String {
    String::from_utf8_lossy(&LOG.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
}

/// The canaries that a text holds, plain or as bytes in hexadecimal.
pub fn canaries(text: &str, of: &[&'static str]) -> Vec<&'static str> {
    let lower = text.to_lowercase();
    let hex = |canary: &str| canary.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    let escaped = |canary: &str| {
        canary
            .encode_utf16()
            .map(
                |unit| if unit < 128 { char::from(unit as u8).to_string() } else { format!("\\u{unit:04x}") },
            )
            .collect::<String>()
    };
    of.iter()
        .filter(|canary| {
            let plain = canary.to_lowercase();
            lower.contains(&plain)
                || lower.contains(&escaped(&plain))
                || (plain.len() > 5 && lower.contains(&hex(canary)))
        })
        .copied()
        .collect()
}

pub fn whole(answer: &Answer) -> String {
    let headers: Vec<String> =
        answer.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    format!("{}\n{}", headers.join("\n"), answer.text())
}

/// Gathers what is wrong, so that one run shows all leaks.
#[derive(Default)]
pub struct Watch {
    pub leaks: Vec<String>,
    pub looked: usize,
}

impl Watch {
    pub fn look(&mut self, what: &str, role: Option<Role>, answer: &Answer) {
        self.look_but_for(what, role, answer, &[]);
    }

    /// The same where some words stand for something else than what a customer has.
    pub fn look_but_for(&mut self, what: &str, role: Option<Role>, answer: &Answer, words: &[&str]) {
        let text = whole(answer);
        let mut found = canaries(&text, &HIDDEN);
        if role.is_none_or(|role| MaskProfile::of(role) == MaskProfile::Restricted) {
            found.extend(canaries(&text, &RESTRICTED));
            found.extend(canaries(&text, &HELD));
        }
        if role.is_none_or(|role| !Right::ViewInteractions.is_given_to(role)) {
            found.extend(canaries(&text, &CONTACTS));
        }
        let gated = GATED.iter().filter(|(_, seers)| role.is_none_or(|role| !seers.include(role)));
        found.extend(canaries(&text, &gated.map(|(canary, _)| *canary).collect::<Vec<_>>()));
        found.retain(|canary| !words.contains(canary));
        self.looked += 1;
        if !found.is_empty() {
            let role = role.map_or("nobody", Role::as_str);
            self.leaks.push(format!("{what} as {role} ({}): {found:?}\n    {text}", answer.status));
        }
    }
}
