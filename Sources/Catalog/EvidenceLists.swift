public import Evidence
internal import Foundation
internal import GRDB

/// Items by what is known of them, each list one walk of an index.
extension Catalog {
    /// Items within reach of which this is known now, in the order of deposit, after the one with key `after`.
    public func items(_ state: VerificationState, after key: Int64, within reach: Reach, limit: Int) throws(CatalogError) -> [ItemView] {
        try perform("list items that are \(state.rawValue)") {
            try look { db in
                try db.rows(
                    "SELECT \(Self.itemColumns) WHERE item.verification = ? AND item.key > ?\(reach.itemKeys) ORDER BY item.key LIMIT ?",
                    [state.rawValue, key] + reach.arguments + [limit]
                ).map(Self.itemView)
            }
        }
    }

    /// Items within reach that were issued on a day of these, earliest first.
    public func items(issued days: ClosedRange<CalendarDate>, within reach: Reach, limit: Int) throws(CatalogError) -> [ItemView] {
        try perform("list items issued from \(days.lowerBound) to \(days.upperBound)") {
            try look { db in
                try db.rows(
                    "SELECT \(Self.itemColumns) WHERE item.issued_on >= ? AND item.issued_on <= ?\(reach.itemKeys) ORDER BY item.issued_on LIMIT ?",
                    [days.lowerBound.description, days.upperBound.description] + reach.arguments + [limit]
                ).map(Self.itemView)
            }
        }
    }

    /// Items within reach whose validity ends on a day of these, earliest first.
    public func items(validUntil days: ClosedRange<CalendarDate>, within reach: Reach, limit: Int) throws(CatalogError) -> [ItemView] {
        try perform("list items that are valid until \(days.upperBound)") {
            try look { db in
                try db.rows(
                    "SELECT \(Self.itemColumns) WHERE item.valid_until >= ? AND item.valid_until <= ?\(reach.itemKeys) ORDER BY item.valid_until LIMIT ?",
                    [days.lowerBound.description, days.upperBound.description] + reach.arguments + [limit]
                ).map(Self.itemView)
            }
        }
    }

    /// Items within reach that were handed in on a day of these, earliest first.
    public func items(uploaded days: ClosedRange<CalendarDate>, within reach: Reach, limit: Int) throws(CatalogError) -> [ItemView] {
        try perform("list items of \(days.lowerBound) to \(days.upperBound)") {
            try look { db in
                try db.rows(
                    "SELECT \(Self.itemColumns) WHERE item.deposited_at >= ? AND item.deposited_at < ?\(reach.itemKeys) ORDER BY item.deposited_at LIMIT ?",
                    [days.lowerBound.description, days.upperBound.description + "~"] + reach.arguments + [limit]
                ).map(Self.itemView)
            }
        }
    }
}
