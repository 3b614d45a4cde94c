use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use guanxi_api::{LocalName, UnitRef, UserRef};
use guanxi_db::DbConn;

use crate::access::{OrgUnitId, UserId};
use crate::error::{Error, Result};
use crate::org::store;

/// The names of all units and users, kept in memory for the lists that show them beside every row. They are few and seldom change, while
/// a list would look them up in the database for each of its rows.
///
/// A list reads the version of the names (`directory.version`) together with its rows; [`Directory::as_of`] then gives names that are at least as new as
/// the rows.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    kept: Arc<RwLock<Arc<Names>>>,
}

/// The names as of a version or a little later.
#[derive(Debug, Default)]
pub struct Names {
    version: i64,
    units: HashMap<OrgUnitId, LocalName>,
    users: HashMap<UserId, String>,
}

impl Directory {
    /// The names for rows that were read together with this version. Not for a transaction that has changed names itself: what it has not
    /// committed must not be kept.
    ///
    /// # Errors
    /// When the database fails.
    pub fn as_of(&self, conn: &mut DbConn, version: i64) -> Result<Arc<Names>> {
        let kept = Arc::clone(&self.kept.read().unwrap_or_else(PoisonError::into_inner));
        if kept.version >= version {
            return Ok(kept);
        }
        let names = Arc::new(Names::read(conn)?);
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        if kept.version < names.version {
            *kept = Arc::clone(&names);
        }
        Ok(names)
    }
}

impl Directory {
    /// The names as they are now, for rows that were read before.
    ///
    /// # Errors
    /// When the database fails.
    pub fn newest(&self, conn: &mut DbConn) -> Result<Arc<Names>> {
        let version = store::directory_version(conn)?;
        self.as_of(conn, version)
    }
}

impl Names {
    /// The version comes first: names that change meanwhile are then newer than it says, never older.
    fn read(conn: &mut DbConn) -> Result<Names> {
        let version = store::directory_version(conn)?;
        let units = store::names_of_units(conn)?.into_iter();
        let users = store::names_of_users(conn)?.into_iter();
        Ok(Names {
            version,
            units: units.map(|(id, zh_cn, en)| (id, LocalName { zh_cn, en })).collect(),
            users: users.collect(),
        })
    }

    /// # Errors
    /// When there is no such unit, which no row names.
    pub fn unit(&self, id: OrgUnitId) -> Result<UnitRef> {
        let name = self.units.get(&id).ok_or_else(|| Error::internal(format!("no unit {id}")))?;
        Ok(UnitRef { id: id.uuid(), name: name.clone() })
    }

    /// # Errors
    /// When there is no such user, which no row names.
    pub fn user(&self, id: UserId) -> Result<UserRef> {
        let name = self.users.get(&id).ok_or_else(|| Error::internal(format!("no user {id}")))?;
        Ok(UserRef { id: id.uuid(), display_name: name.clone() })
    }
}
