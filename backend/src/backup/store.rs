use guanxi_db::backup::TableCounts;
use guanxi_db::{Engine, Moment};
use uuid::Uuid;

/// What makes a copy a database of its own, as text: on PostgreSQL it belongs to the transaction that brings the data, which is another
/// program's. All columns were there from the first schema on; a table that came later is left out where it is not.
pub(super) fn renewal(engine: Engine, tables: &TableCounts, epoch: Uuid, now: Moment) -> Vec<String> {
    let (epoch, now) = match engine {
        Engine::Sqlite => (format!("x'{}'", epoch.simple()), now.0.to_string()),
        Engine::Postgres => (
            format!("'{epoch}'::uuid"),
            format!("'{}'::timestamptz", now.to_utc().format("%Y-%m-%dT%H:%M:%S%.6fZ")),
        ),
    };
    let statements = [
        ("installation", format!("UPDATE installation SET feed_epoch = {epoch}")),
        (
            "session",
            format!(
                "UPDATE session SET revoked_at = {now}, revoked_because = 'restored' WHERE revoked_at IS NULL"
            ),
        ),
        ("user_account", "UPDATE user_account SET auth_epoch = auth_epoch + 1".to_owned()),
        ("lease", "DELETE FROM lease".to_owned()),
        (
            "job",
            format!("UPDATE job SET lease_until = {now} WHERE finished_at IS NULL AND lease_until > {now}"),
        ),
    ];
    statements.into_iter().filter(|(table, _)| tables.contains_key(*table)).map(|(_, sql)| sql).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d6_every_engine_has_its_own_words_for_ids_and_moments() {
        let tables: TableCounts = [("installation".to_owned(), 1), ("session".to_owned(), 0)].into();
        let epoch = Uuid::from_u128(0xab);
        let now = Moment(1_000_001);
        let sqlite = renewal(Engine::Sqlite, &tables, epoch, now);
        assert_eq!(sqlite.len(), 2);
        assert_eq!(sqlite[0], "UPDATE installation SET feed_epoch = x'000000000000000000000000000000ab'");
        assert!(sqlite[1].contains("revoked_at = 1000001,"), "{}", sqlite[1]);
        let postgres = renewal(Engine::Postgres, &tables, epoch, now);
        assert!(postgres[0].ends_with("'00000000-0000-0000-0000-0000000000ab'::uuid"), "{}", postgres[0]);
        assert!(postgres[1].contains("'1970-01-01T00:00:01.000001Z'::timestamptz,"), "{}", postgres[1]);
    }
}
