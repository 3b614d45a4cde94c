//! What is true of units and users whatever the database and the protocol: pure functions over values.

use guanxi_api::{CustomerKind, LocalName, OrgUnitKind};
use uuid::Uuid;

use crate::error::FieldError;
use crate::names;
use crate::text::{self, Broken};

/// Levels below the head office. It bounds the length of paths, which are indexed.
pub(super) const MAX_DEPTH: i32 = 8;
const CODE_PATTERN: &str = "^[A-Za-z0-9_-]{1,20}$";
const USERNAME_PATTERN: &str = "^[a-z][a-z0-9._-]{1,63}$";
const MAX_NAME: usize = 100;

/// Whether a unit of one kind may stand right under one of another: never above its own level, and several levels of branches
/// or sub-branches may follow each other (一级分行 and 二级分行). Outlets are leaves and the head office is the only root.
pub(super) fn may_stand_under(kind: OrgUnitKind, parent: OrgUnitKind) -> bool {
    kind != OrgUnitKind::HeadOffice && parent != OrgUnitKind::Outlet && kind >= parent
}

/// The place of a unit in the tree as text: the ids from the root to it as hexadecimal digits, a `/` before each and at the end. So the
/// subtree of a unit is a range of paths, and paths in order are the tree in order.
pub(super) fn path(parent: Option<&str>, id: Uuid) -> String {
    format!("{}{}/", parent.unwrap_or("/"), id.simple())
}

/// The ids that a path is made of, from the root on.
pub(super) fn ids_of_path(path: &str) -> Vec<Uuid> {
    path.split('/').filter_map(|id| Uuid::try_parse(id).ok()).collect()
}

/// A bank's own code of a unit.
pub(super) fn check_code(code: &str) -> Result<(), Broken> {
    let fits = (1..=20).contains(&code.len())
        && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if fits { Ok(()) } else { Err(Broken::new("format").with("expected", CODE_PATTERN)) }
}

/// The name that a user signs in with.
pub(super) fn check_username(name: &str) -> Result<(), Broken> {
    let rest = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-');
    let fits = (2..=64).contains(&name.len())
        && name.bytes().next().is_some_and(|b| b.is_ascii_lowercase())
        && name.bytes().all(rest);
    if fits { Ok(()) } else { Err(Broken::new("format").with("expected", USERNAME_PATTERN)) }
}

/// A person's name as it is stored.
pub(super) fn display_name(name: &str) -> Result<String, Broken> {
    text::line(name, MAX_NAME)
}

/// The key by which users are sorted.
pub(super) fn sort_key(display_name: &str) -> String {
    names::name_sort(CustomerKind::Person, display_name)
}

/// The tokens by which a user is found, each between spaces: those of the name, and the parts of the sign-in name.
pub(super) fn tokens(username: &str, display_name: &str) -> String {
    let mut tokens = names::search::index_tokens(CustomerKind::Person, display_name, &[]);
    tokens.extend(names::reading::fold(username).split(' ').map(str::to_owned));
    tokens.iter().filter(|token| !token.is_empty()).fold(" ".to_owned(), |all, token| all + token + " ")
}

/// A unit's name as it is stored, both languages checked.
pub(super) fn unit_name(name: &LocalName) -> Result<LocalName, Vec<FieldError>> {
    let zh_cn = text::line(&name.zh_cn, MAX_NAME);
    let en = text::line(&name.en, MAX_NAME);
    match (zh_cn, en) {
        (Ok(zh_cn), Ok(en)) => Ok(LocalName { zh_cn, en }),
        (zh_cn, en) => Err([("/name/zh-CN", zh_cn.err()), ("/name/en", en.err())]
            .into_iter()
            .filter_map(|(pointer, broken)| broken.map(|broken| field(pointer, &broken)))
            .collect()),
    }
}

/// A broken rule of the field at a pointer.
pub(super) fn field(pointer: &str, broken: &Broken) -> FieldError {
    broken.params.iter().fold(FieldError::new(pointer, broken.code), |field, (name, value)| {
        match value.parse::<i64>() {
            Ok(number) => field.with(name, number),
            Err(_) => field.with(name, value.clone()),
        }
    })
}

/// Characters of a one-time password: lower-case letters and digits that nobody takes for another when reading them aloud or
/// copying them from paper.
const UNAMBIGUOUS: &[u8; 31] = b"abcdefghjkmnpqrstuvwxyz23456789";
/// 28 of 31 characters: 138 bits.
const PASSWORD_LENGTH: usize = 28;
const PASSWORD_GROUP: usize = 4;

/// A password from random bytes, in groups of four; `None` when there were too few bytes. Bytes that would make some
/// characters likelier than others are passed over.
pub(super) fn one_time_password(random: &[u8]) -> Option<String> {
    let even = u8::MAX - u8::MAX % 31;
    let characters: Vec<u8> = random
        .iter()
        .filter(|byte| **byte < even)
        .filter_map(|byte| UNAMBIGUOUS.get(usize::from(byte % 31)).copied())
        .take(PASSWORD_LENGTH)
        .collect();
    let groups: Vec<String> = characters
        .chunks(PASSWORD_GROUP)
        .map(|group| group.iter().copied().map(char::from).collect())
        .collect();
    (characters.len() == PASSWORD_LENGTH).then(|| groups.join("-"))
}

#[cfg(test)]
mod tests {
    use guanxi_api::OrgUnitKind::{Branch, HeadOffice, Outlet, SubBranch};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_order_of_levels() {
        let allowed = [
            (Branch, HeadOffice),
            (SubBranch, HeadOffice),
            (Outlet, HeadOffice),
            (Branch, Branch),
            (SubBranch, Branch),
            (Outlet, Branch),
            (SubBranch, SubBranch),
            (Outlet, SubBranch),
        ];
        for kind in OrgUnitKind::ALL {
            for parent in OrgUnitKind::ALL {
                let expected = allowed.contains(&(*kind, *parent));
                assert_eq!(may_stand_under(*kind, *parent), expected, "{kind} under {parent}");
            }
        }
    }

    #[test]
    fn codes_and_usernames() {
        for code in ["0", "0101", "HZ_01-a", "ABCDEFGHIJKLMNOPQRST"] {
            assert!(check_code(code).is_ok(), "{code}");
        }
        for code in ["", " 01", "01 ", "杭州", "a.b", "ABCDEFGHIJKLMNOPQRSTU", "a\u{200b}"] {
            assert_eq!(check_code(code).unwrap_err().code, "format", "{code}");
        }
        for name in ["lin.rm", "abc", "a-1", "a_b.c-d9", &"a".repeat(64)] {
            assert!(check_username(name).is_ok(), "{name}");
        }
        for name in ["", "a", "1ab", ".ab", "Lin", "lin rm", "林晓雨", "lin@bank", &"a".repeat(65)] {
            assert_eq!(check_username(name).unwrap_err().code, "format", "{name}");
        }
    }

    #[test]
    fn users_are_found_by_both_names() {
        assert_eq!(tokens("lin.rm", "林"), " lin rm 林 ");
        assert!(tokens("wei_2.zhang", "张伟").contains(" zhangwei "));
        assert_eq!(tokens("a", "?"), " a ");
    }

    #[test]
    fn names_are_checked_in_both_languages() {
        let name = LocalName { zh_cn: " 滨江支行 ".into(), en: "Riverside".into() };
        assert_eq!(unit_name(&name).unwrap(), LocalName { zh_cn: "滨江支行".into(), en: "Riverside".into() });
        let broken = unit_name(&LocalName { zh_cn: "  ".into(), en: "x".repeat(101) }).unwrap_err();
        let found: Vec<_> =
            broken.iter().map(|field| (field.pointer.as_str(), field.code.as_ref())).collect();
        assert_eq!(found, [("/name/zh-CN", "required"), ("/name/en", "too_long")]);
        assert_eq!(broken[1].params["max"], 100);
    }

    #[test]
    fn a_path_begins_with_the_parents() {
        let (root, child) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let root_path = path(None, root);
        assert_eq!(root_path, "/00000000000000000000000000000001/");
        let child_path = path(Some(&root_path), child);
        assert_eq!(child_path, "/00000000000000000000000000000001/00000000000000000000000000000002/");
        assert!(child_path.starts_with(&root_path));
        assert_eq!(ids_of_path(&child_path), [root, child]);
    }

    #[test]
    fn too_few_random_bytes_give_no_password() {
        assert_eq!(one_time_password(&[0; 27]), None);
        // 248 to 255 are passed over: 31 characters do not divide 256.
        assert_eq!(one_time_password(&[248; 64]), None);
        assert_eq!(one_time_password(&[0; 28]).unwrap(), "aaaa-aaaa-aaaa-aaaa-aaaa-aaaa-aaaa");
        assert_eq!(one_time_password(&[247; 28]).unwrap(), "9999-9999-9999-9999-9999-9999-9999");
    }

    proptest! {
        #[test]
        fn passwords_hold_unambiguous_characters_only(random in prop::collection::vec(any::<u8>(), 64)) {
            let password = one_time_password(&random).unwrap();
            let characters: String = password.split('-').collect();
            prop_assert_eq!(characters.len(), PASSWORD_LENGTH);
            prop_assert!(characters.bytes().all(|b| UNAMBIGUOUS.contains(&b)));
        }

        /// Every kind chain that is allowed reaches the outlets without ever going up.
        #[test]
        fn no_unit_stands_above_its_level(a in 0_usize..4, b in 0_usize..4, c in 0_usize..4) {
            let (a, b, c) = (OrgUnitKind::ALL[a], OrgUnitKind::ALL[b], OrgUnitKind::ALL[c]);
            if may_stand_under(b, a) && may_stand_under(c, b) {
                prop_assert!(may_stand_under(c, a));
            }
        }
    }
}
