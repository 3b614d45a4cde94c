use guanxi_api::SegmentOverride;
use guanxi_db::{DbConn, Id};

use super::generator;
use crate::access::Actor;
use crate::customers::{self, House};
use crate::error::Result;
use crate::segments;

/// What relationship managers know and no rule does: the segment, and the reason.
const KNOWN: [(&str, &str); 4] = [
    ("sme_owner", "客户与家人共同经营一家茶叶店，尚未登记职业"),
    ("hmt", "客户已取得香港居民身份，证件待更新"),
    ("landlord", "面谈得知主要收入来自三套出租房"),
    ("professional", "客户在社区医院返聘坐诊"),
];
/// Which customers they know it of, counted as the generator counts them.
const EVERY: usize = 40;

/// Has people decide of a few customers in which segment they are.
pub(super) fn make(conn: &mut DbConn, actor: &Actor, house: House<'_>, customers: u64) -> Result<()> {
    let all = segments::schemes(conn)?;
    let of_code = |code: &str| {
        let segments = all.schemes.iter().flat_map(|scheme| &scheme.segments);
        segments.into_iter().find(|segment| segment.code == code)
    };
    for ((code, reason), n) in KNOWN.iter().cycle().take(12).zip((7..customers).step_by(EVERY)) {
        let key = generator::external_id(n);
        let Some(segment) = of_code(code) else { continue };
        let found = customers::ids_by_keys(conn, &[&key])?;
        for id in found.into_values() {
            let decision =
                SegmentOverride { segment_id: Some(segment.id), reason: (*reason).to_owned(), until: None };
            segments::override_segment(conn, actor, house, (id, Id::new(segment.scheme_id)), &decision)?;
        }
    }
    Ok(())
}
