internal import HTTPTypes

/// The header fields of a request, by names in lower case.
struct RequestFields: Sendable {
    private let fields: HTTPFields

    init(_ fields: HTTPFields) { self.fields = fields }

    init(_ pairs: [(name: String, value: String)]) {
        fields = HTTPFields(pairs.compactMap { pair in HTTPField.Name(pair.name).map { HTTPField(name: $0, value: pair.value) } })
    }

    func values(_ name: String) -> [String] { HTTPField.Name(parsed: name).map { fields[values: $0] } ?? [] }

    /// The value of a field that comes once; `nil` also where it comes twice.
    func value(_ name: String) -> String? {
        let values = values(name)
        return values.count == 1 ? values.first : nil
    }
}
