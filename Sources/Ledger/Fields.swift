internal import Evidence

/// The members of one JSON object, taken one by one; what is left at the end is an error, so that a field which this
/// version does not know is never silently ignored.
struct Fields {
    private(set) var members: [String: JSON]

    init(_ bytes: [UInt8]) throws(RecordFormError) {
        let json: JSON
        do { json = try JSON(canonical: bytes) } catch { throw .json(error) }
        guard case .object(let members) = json else { throw .wrong(field: "") }
        self.members = members
    }

    init(members: [String: JSON]) { self.members = members }

    mutating func optionalString(_ name: String) throws(RecordFormError) -> String? {
        switch members.removeValue(forKey: name) {
        case nil: return nil
        case .string(let value): return value
        default: throw .wrong(field: name)
        }
    }

    mutating func string(_ name: String) throws(RecordFormError) -> String {
        guard let value = try optionalString(name) else { throw .missing(field: name) }
        return value
    }

    mutating func optional<Value>(_ name: String, _ parse: (String) -> Value?) throws(RecordFormError) -> Value? {
        guard let text = try optionalString(name) else { return nil }
        guard let value = parse(text) else { throw .wrong(field: name) }
        return value
    }

    mutating func value<Value>(_ name: String, _ parse: (String) -> Value?) throws(RecordFormError) -> Value {
        guard let value = try optional(name, parse) else { throw .missing(field: name) }
        return value
    }

    mutating func digest(_ name: String) throws(RecordFormError) -> Digest {
        try value(name) { Digest(hex: $0) }
    }

    mutating func optionalInteger(_ name: String) throws(RecordFormError) -> Int64? {
        switch members.removeValue(forKey: name) {
        case nil: return nil
        case .integer(let value) where value >= 0: return value
        default: throw .wrong(field: name)
        }
    }

    mutating func integer(_ name: String) throws(RecordFormError) -> Int64 {
        guard let value = try optionalInteger(name) else { throw .missing(field: name) }
        return value
    }

    mutating func strings(_ name: String) throws(RecordFormError) -> [String] {
        guard let found = members.removeValue(forKey: name) else { throw .missing(field: name) }
        guard case .array(let values) = found else { throw .wrong(field: name) }
        var strings: [String] = []
        for value in values {
            guard case .string(let text) = value else { throw .wrong(field: name) }
            strings.append(text)
        }
        return strings
    }

    func has(_ name: String) -> Bool { members[name] != nil }

    mutating func flag(_ name: String) throws(RecordFormError) -> Bool {
        switch members.removeValue(forKey: name) {
        case nil: throw .missing(field: name)
        case .bool(let value): return value
        default: throw .wrong(field: name)
        }
    }

    mutating func optionalArray(_ name: String) throws(RecordFormError) -> [JSON]? {
        switch members.removeValue(forKey: name) {
        case nil: return nil
        case .array(let values): return values
        default: throw .wrong(field: name)
        }
    }

    /// Every element of an array of objects.
    mutating func objects(_ name: String) throws(RecordFormError) -> [Fields] {
        guard let values = try optionalArray(name) else { throw .missing(field: name) }
        var objects: [Fields] = []
        for value in values {
            guard case .object(let members) = value else { throw .wrong(field: name) }
            objects.append(Fields(members: members))
        }
        return objects
    }

    mutating func optionalIntegers(_ name: String) throws(RecordFormError) -> [Int]? {
        guard let values = try optionalArray(name) else { return nil }
        var integers: [Int] = []
        for value in values {
            guard case .integer(let integer) = value, integer >= 0 else { throw .wrong(field: name) }
            integers.append(Int(integer))
        }
        return integers
    }

    mutating func choice<Choice: RawRepresentable<String>>(_ name: String) throws(RecordFormError) -> Choice {
        try value(name) { Choice(rawValue: $0) }
    }

    mutating func id<ID: OpaqueIdentifier>(_ name: String) throws(RecordFormError) -> ID {
        try value(name) { ID($0) }
    }

    mutating func optionalID<ID: OpaqueIdentifier>(_ name: String) throws(RecordFormError) -> ID? {
        try optional(name) { ID($0) }
    }

    mutating func ids<ID: OpaqueIdentifier>(_ name: String) throws(RecordFormError) -> [ID] {
        var ids: [ID] = []
        for text in try strings(name) {
            guard let id = ID(text) else { throw .wrong(field: name) }
            ids.append(id)
        }
        return ids
    }

    mutating func digests(_ name: String) throws(RecordFormError) -> [Digest] {
        var digests: [Digest] = []
        for text in try strings(name) {
            guard let digest = Digest(hex: text) else { throw .wrong(field: name) }
            digests.append(digest)
        }
        return digests
    }

    /// The members that are left, as canonical JSON.
    var canonicalBytes: [UInt8] { JSON.object(members).canonicalBytes }

    mutating func day(_ name: String) throws(RecordFormError) -> CalendarDate {
        guard let day = try optionalDay(name) else { throw .missing(field: name) }
        return day
    }

    /// A date as records write it; the form that people may write as well is none of a record's.
    mutating func optionalDay(_ name: String) throws(RecordFormError) -> CalendarDate? {
        try optional(name) { text in CalendarDate(text).flatMap { $0.description == text ? $0 : nil } }
    }

    /// The members of an object, one by one, in the order of their names.
    mutating func members(_ name: String) throws(RecordFormError) -> [(String, JSON)] {
        try object(name).members.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    mutating func object(_ name: String) throws(RecordFormError) -> Fields {
        guard let found = members.removeValue(forKey: name) else { throw .missing(field: name) }
        guard case .object(let members) = found else { throw .wrong(field: name) }
        return Fields(members: members)
    }

    /// The members of an object, as they stand.
    mutating func objectMembers(_ name: String) throws(RecordFormError) -> [String: JSON] { try object(name).members }

    mutating func optionalObject(_ name: String) throws(RecordFormError) -> Fields? {
        members[name] == nil ? nil : try object(name)
    }

    mutating func optionalStringMembers(_ name: String) throws(RecordFormError) -> [String: String]? {
        guard members[name] != nil else { return nil }
        var strings: [String: String] = [:]
        for (key, value) in try object(name).members {
            guard case .string(let text) = value else { throw .wrong(field: name) }
            strings[key] = text
        }
        return strings
    }

    func finish() throws(RecordFormError) {
        // Sorted, so that the same bytes always give the same error.
        if let name = members.keys.sorted().first { throw .unknown(field: name) }
    }
}
