internal import Ledger

/// JSON as lines for people: a name and a value a line, what belongs to it below it, a table where entries are alike.
enum Readable {
    /// What something is comes first, and then what people look for.
    private static let order = [
        "item", "dossier", "title", "person", "unit", "account", "citation", "grant", "decision", "code", "name", "person_name", "kind", "indicator",
        "cycle", "stage", "state", "verification", "outcome",
    ]

    static func lines(of json: JSON) -> [String] {
        switch json {
        case .object(let members): lines(of: members)
        case .array(let elements): elements.flatMap { element in scalar(element).map { [$0] } ?? lines(of: element) + [""] }
        default: scalar(json).map { [$0] } ?? []
        }
    }

    private static func lines(of members: [String: JSON]) -> [String] {
        let names = sorted(members.keys)
        let scalars = names.compactMap { name in members[name].flatMap(scalar).map { (label(name), $0) } }
        let width = (scalars.map(\.0.count).max() ?? 0) + 2
        var lines = scalars.map { $0.0.padded(to: width) + $0.1 }
        for name in names {
            guard let value = members[name], scalar(value) == nil else { continue }
            let below = value.elements.isEmpty ? Self.lines(of: value) : table(value.elements) ?? Self.lines(of: value)
            if !below.isEmpty { lines += [label(name)] + below.map { $0.isEmpty ? "" : "  " + $0 } }
        }
        while lines.last?.allSatisfy({ $0 == " " }) ?? false { lines.removeLast() }
        return lines
    }

    private static func sorted(_ names: some Sequence<String>) -> [String] {
        names.sorted { left, right in
            let (first, second) = (order.firstIndex(of: left) ?? order.count, order.firstIndex(of: right) ?? order.count)
            return first == second ? left < right : first < second
        }
    }

    private static func label(_ name: String) -> String { visible(name.replacing("_", with: " ")) }

    /// A value that fits on the line of its name.
    private static func scalar(_ json: JSON) -> String? {
        switch json {
        case .null: return nil
        case .bool(let value): return value ? "yes" : "no"
        case .integer(let value): return "\(value)"
        case .string(let value): return visible(value)
        case .array(let elements):
            let scalars = elements.map(scalar)
            return elements.isEmpty || scalars.contains(nil) ? nil : scalars.compactMap(\.self).joined(separator: ", ")
        case .object: return nil
        }
    }

    /// Entries that have nothing below them, a row each with the names above; `nil` where some have.
    private static func table(_ entries: [JSON]) -> [String]? {
        let rows = entries.map { entry -> [String: JSON]? in
            guard case .object(let members) = entry, members.values.allSatisfy({ scalar($0) != nil || $0.elements.isEmpty && $0 != .object([:]) })
            else { return nil }
            return members
        }
        guard rows.count > 1, !rows.contains(where: { $0 == nil }) else { return nil }
        let names = sorted(Set(rows.flatMap { $0?.filter { scalar($0.value) != nil }.keys.map(\.self) ?? [] }))
        return columns([names.map(label)] + rows.map { row in names.map { row?[$0].flatMap(scalar) ?? "" } })
    }
}
