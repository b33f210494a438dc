public import Evidence
internal import Foundation
internal import GRDB

/// What of the archive somebody may see: the whole, or what is their own and what is in some units.
///
/// Every query whose answer leaves the archive takes one, so that no list, count, search or beginning of an id can forget it. What it
/// does not reach is, to them, not there.
public struct Reach: Sendable {
    /// All there is: for the console, for a role that was given everywhere, and for rules that look at what nobody is shown.
    public static let everything = Reach(scope: nil)

    private let scope: Scope?

    private struct Scope {
        let account: String
        let people: Set<PersonID>
        let units: Set<UnitID>
    }

    private init(scope: Scope?) { self.scope = scope }

    /// - Parameters:
    ///   - account: sees what it deposited and what nobody is declared the holder of.
    ///   - people: who they are themselves.
    ///   - units: where they have a role that reads evidence, all below them included.
    public init(account: String, people: [PersonID], units: Set<UnitID>) {
        scope = Scope(account: account, people: Set(people), units: units)
    }

    /// Whether nothing is within reach but what somebody handed in themselves.
    public var isEmpty: Bool { scope.map { $0.units.isEmpty && $0.people.isEmpty } ?? false }

    /// Whether all that is in a unit is within reach.
    public func includes(_ unit: UnitID) -> Bool { scope.map { $0.units.contains(unit) } ?? true }

    /// Whether all that is in a unit, or about this person and in no unit, is within reach.
    public func includes(_ unit: UnitID?, of person: PersonID) -> Bool {
        guard let scope else { return true }
        return scope.people.contains(person) || unit.map(scope.units.contains) ?? true
    }

    public var isEverything: Bool { scope == nil }

    /// What the conditions below need, by name.
    var arguments: StatementArguments {
        guard let scope else { return [] }
        func list(_ ids: [String]) -> String { "[" + ids.sorted().map { "\"\($0)\"" }.joined(separator: ",") + "]" }
        return ["account": scope.account, "people": list(scope.people.map(\.text)), "units": list(scope.units.map(\.text))]
    }

    private static let ownPeople = "(SELECT value FROM json_each(:people))"
    private static let ownUnits = "(SELECT value FROM json_each(:units))"

    /// A condition on one row, to stand behind others.
    private func and(_ condition: String) -> String { scope == nil ? "" : " AND (\(condition))" }

    /// Whether a dossier is reached.
    var dossier: String { and("dossier.unit IN \(Self.ownUnits) OR dossier.person IN \(Self.ownPeople)") }

    /// The keys of all dossiers that are reached, for lists.
    var dossierKeys: String {
        guard scope != nil else { return "" }
        return """
             AND dossier.key IN (
                SELECT key FROM dossier WHERE person IN \(Self.ownPeople) UNION SELECT key FROM dossier WHERE unit IN \(Self.ownUnits))
            """
    }

    /// Whether a person is: their own, registered in a unit, or with a dossier there.
    var person: String {
        and(
            """
            person.id IN \(Self.ownPeople) OR person.unit IN \(Self.ownUnits)
            OR EXISTS (SELECT 1 FROM dossier WHERE dossier.person = person.id AND dossier.unit IN \(Self.ownUnits))
            """)
    }

    /// Whether a decision is: with its dossier or, of an honour, with its person.
    var decision: String {
        and(
            """
            decision.person IN \(Self.ownPeople) OR decision.unit IN \(Self.ownUnits) OR decision.unit IS NULL AND EXISTS (
                SELECT 1 FROM person WHERE person.id = decision.person AND (person.unit IN \(Self.ownUnits)
                OR EXISTS (SELECT 1 FROM dossier WHERE dossier.person = person.id AND dossier.unit IN \(Self.ownUnits))))
            """)
    }

    /// Whether a citation is: with its dossier.
    var citation: String { and("EXISTS (SELECT 1 FROM dossier WHERE dossier.id = citation.dossier\(dossier))") }

    /// Whether an item is: of one's own, deposited by oneself and nobody's yet, of a person who is registered in a unit, or a paper of
    /// a dossier there. Asks about one item at a time, so it is for what an index found already.
    ///
    /// - Parameter schema: where the tables of the archive are, for the search index: `archive.`.
    func item(in schema: String = "") -> String {
        and(
            """
            item.person IN \(Self.ownPeople) OR item.person IS NULL AND (item.depositor = :account OR EXISTS (
                SELECT 1 FROM \(schema)citation JOIN \(schema)dossier ON dossier.id = citation.dossier
                WHERE citation.item = item.id AND dossier.person IN \(Self.ownPeople)))
            OR EXISTS (SELECT 1 FROM \(schema)person WHERE person.id = item.person AND person.unit IN \(Self.ownUnits))
            OR EXISTS (
                SELECT 1 FROM \(schema)dossier_item JOIN \(schema)dossier ON dossier.id = dossier_item.dossier
                WHERE dossier_item.item = item.id AND dossier.unit IN \(Self.ownUnits))
            """)
    }

    /// The same, for lists: the keys of all items that are reached, each kind by an index, so that a list costs what its reader may
    /// see and not what there is.
    var itemKeys: String {
        guard scope != nil else { return "" }
        return """
             AND item.key IN (
                SELECT key FROM item WHERE person IN \(Self.ownPeople)
                UNION SELECT key FROM item WHERE person IS NULL AND depositor = :account
                UNION SELECT item.key FROM dossier JOIN citation ON citation.dossier = dossier.id JOIN item ON item.id = citation.item
                    WHERE dossier.person IN \(Self.ownPeople) AND item.person IS NULL
                UNION SELECT item.key FROM person JOIN item ON item.person = person.id WHERE person.unit IN \(Self.ownUnits)
                UNION SELECT item.key FROM dossier JOIN dossier_item ON dossier_item.dossier = dossier.id
                    JOIN item ON item.id = dossier_item.item WHERE dossier.unit IN \(Self.ownUnits))
            """
    }

    /// The keys of all people that are reached, for lists.
    var personKeys: String {
        guard scope != nil else { return "" }
        return """
             AND person.key IN (
                SELECT key FROM person WHERE id IN \(Self.ownPeople)
                UNION SELECT key FROM person WHERE unit IN \(Self.ownUnits)
                UNION SELECT person.key FROM dossier JOIN person ON person.id = dossier.person WHERE dossier.unit IN \(Self.ownUnits))
            """
    }
}
