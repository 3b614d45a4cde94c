use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Integer, Text};
use guanxi_db::schema::customer_figures;
use guanxi_db::{DbConn, DbError, DbUuid};

use crate::customers::CustomerId;
use crate::customers::grading::Graded;
use crate::error::Result;

#[derive(Queryable, Selectable)]
#[diesel(table_name = customer_figures)]
pub(super) struct GradeRow {
    pub(super) customer_id: CustomerId,
    pub(super) grade: Option<String>,
    pub(super) grade_score: i32,
    pub(super) contribution: i64,
    pub(super) lifetime_value: i64,
    pub(super) grade_version: i64,
}

pub(super) fn grades(conn: &mut DbConn, ids: &[CustomerId]) -> Result<Vec<GradeRow>> {
    let mut found = Vec::with_capacity(ids.len());
    for ids in ids.chunks(500) {
        found.extend(
            customer_figures::table
                .filter(customer_figures::customer_id.eq_any(ids.iter().copied()))
                .select(GradeRow::as_select())
                .load(conn)
                .map_err(DbError::from)?,
        );
    }
    Ok(found)
}

/// Writes grades, each with the number of its changes; on PostgreSQL in one statement, because each is a round trip.
pub(super) fn set_grades(conn: &mut DbConn, rows: &[(&Graded, i64)]) -> Result<()> {
    match conn {
        DbConn::Pg(conn) if !rows.is_empty() => {
            diesel::sql_query(
                "UPDATE customer_figures SET grade = new.grade, grade_score = new.score, contribution = new.contribution, \
                 lifetime_value = new.lifetime_value, grade_version = new.version \
                 FROM UNNEST($1, $2, $3, $4, $5, $6) AS new (id, grade, score, contribution, lifetime_value, version) \
                 WHERE customer_id = new.id",
            )
            .bind::<Array<DbUuid>, _>(rows.iter().map(|(row, _)| row.id).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(rows.iter().map(|(row, _)| row.grade.as_str()).collect::<Vec<_>>())
            .bind::<Array<Integer>, _>(rows.iter().map(|(row, _)| row.score).collect::<Vec<_>>())
            .bind::<Array<BigInt>, _>(rows.iter().map(|(row, _)| row.contribution).collect::<Vec<_>>())
            .bind::<Array<BigInt>, _>(rows.iter().map(|(row, _)| row.lifetime_value).collect::<Vec<_>>())
            .bind::<Array<BigInt>, _>(rows.iter().map(|(_, version)| *version).collect::<Vec<_>>())
            .execute(conn)
            .map_err(DbError::from)?;
        }
        DbConn::Pg(_) => {}
        DbConn::Sqlite(conn) => {
            for (row, version) in rows {
                diesel::update(customer_figures::table.find(row.id))
                    .set((
                        customer_figures::grade.eq(Some(row.grade.as_str())),
                        customer_figures::grade_score.eq(row.score),
                        customer_figures::contribution.eq(row.contribution),
                        customer_figures::lifetime_value.eq(row.lifetime_value),
                        customer_figures::grade_version.eq(version),
                    ))
                    .execute(conn)
                    .map_err(DbError::from)?;
            }
        }
    }
    Ok(())
}
