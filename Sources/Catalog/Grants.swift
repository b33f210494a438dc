public import Evidence
internal import GRDB

/// An account as the views have it.
public struct AccountView: Sendable {
    public let account: String
    /// The record that opened it last.
    public let openedRecord: Int
    /// The record that closed it; `nil` while it is open.
    public let closedRecord: Int?

    public var isOpen: Bool { closedRecord == nil }
}

/// A role that an account was given.
public struct GrantView: Sendable {
    public let id: GrantID
    public let account: String
    public let role: Role
    /// `nil`: everywhere.
    public let unit: UnitID?
    public let validFrom: CalendarDate
    public let validUntil: CalendarDate?
    /// The records from and to which it held, in that on the days above.
    public let span: RecordSpan

    /// Whether it holds now, on this day.
    public func holds(on day: CalendarDate) -> Bool {
        span.to == nil && validFrom <= day && validUntil.map { day <= $0 } ?? true
    }
}

extension Views {
    static func fold(_ opening: AccountOpening, _ header: RecordHeader, _ db: Database) throws {
        try db.run(
            """
            INSERT INTO account (account, opened_record) VALUES (?, ?)
            ON CONFLICT (account) DO UPDATE SET opened_record = excluded.opened_record, closed_record = NULL
            """, [opening.account, header.number])
    }

    static func fold(_ grant: RoleGrant, _ header: RecordHeader, _ db: Database) throws {
        try db.run(
            """
            INSERT INTO role_grant (id, account, role, unit, valid_from, valid_until, record_from) VALUES (?, ?, ?, ?, ?, ?, ?)
            """,
            [
                grant.grant.text, grant.account, grant.role.rawValue, grant.unit?.text, grant.validFrom.description,
                grant.validUntil?.description, header.number,
            ])
    }

    /// What a record is about beside a dossier is a paper of that dossier.
    static func gatherPapers(_ subjects: [String], _ db: Database) throws {
        let dossiers = subjects.filter { $0.hasPrefix(DossierID.prefix) }
        if dossiers.isEmpty { return }
        for item in subjects where item.hasPrefix(EvidenceID.prefix) {
            for dossier in dossiers { try db.run("INSERT OR IGNORE INTO dossier_item (dossier, item) VALUES (?, ?)", [dossier, item]) }
        }
    }
}

extension Catalog {
    private static func accountView(_ row: Row) -> AccountView {
        AccountView(account: row["account"], openedRecord: row["opened_record"], closedRecord: row["closed_record"])
    }

    private static func grantView(_ row: Row) throws -> GrantView {
        let reader = ViewReader(row: row, view: "role_grant")
        return GrantView(
            id: try reader.id("id"), account: row["account"], role: try reader.choice("role"), unit: try reader.optionalID("unit"),
            validFrom: try reader.value("valid_from") { CalendarDate($0) },
            validUntil: try reader.optional("valid_until") { CalendarDate($0) }, span: reader.span)
    }

    /// The account of this name, `nil` when none was ever opened.
    public func account(_ account: String) throws(CatalogError) -> AccountView? {
        try perform("find account \(account)") {
            try look { db in try db.first("SELECT * FROM account WHERE account = ?", [account]).map(Self.accountView) }
        }
    }

    /// Accounts after the one given, by name.
    public func accounts(after account: String, limit: Int) throws(CatalogError) -> [AccountView] {
        try perform("list accounts") {
            try look { db in
                try db.rows("SELECT * FROM account WHERE account > ? ORDER BY account LIMIT ?", [account, limit]).map(Self.accountView)
            }
        }
    }

    /// Every role that an account was ever given, oldest first.
    public func grants(to account: String) throws(CatalogError) -> [GrantView] {
        try perform("find the roles of \(account)") {
            try look { db in
                try db.rows("SELECT * FROM role_grant WHERE account = ? ORDER BY record_from", [account]).map(Self.grantView)
            }
        }
    }

    /// The grant of this id, `nil` when there is none.
    public func grant(_ id: GrantID) throws(CatalogError) -> GrantView? {
        try perform("find grant \(id)") {
            try look { db in try db.first("SELECT * FROM role_grant WHERE id = ?", [id.text]).map(Self.grantView) }
        }
    }

    /// A unit, all that is below it on this day, and all that went whole into one of them before: who is given a role in a unit
    /// has it there.
    public func units(under unit: UnitID, on day: CalendarDate) throws(CatalogError) -> Set<UnitID> {
        try perform("find the units under \(unit)") {
            try look { db in
                // The name that began last by that day says which unit it is below.
                let rows = try db.rows(
                    """
                    WITH RECURSIVE below (id) AS (
                        VALUES (?1)
                        UNION SELECT unit.id FROM below JOIN unit ON unit.parent = below.id
                        WHERE unit.valid_from <= ?2 AND NOT EXISTS (
                            SELECT 1 FROM unit AS later WHERE later.id = unit.id AND later.valid_from <= ?2
                            AND (later.valid_from, later.record) > (unit.valid_from, unit.record))
                        UNION SELECT from_unit FROM below JOIN unit_succession ON to_unit = below.id
                        WHERE is_whole = 1 AND effective_on <= ?2
                    ) SELECT id FROM below
                    """, [unit.text, day.description])
                return Set(rows.compactMap { UnitID($0["id"] as String) })
            }
        }
    }
}
