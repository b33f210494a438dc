internal import Ledger

/// Holds answers against what their operation says that it answers.
enum AnswerCheck {
    /// An answer that the description does not have.
    struct Undescribed: Error, CustomStringConvertible {
        let description: String
    }

    static func check(_ answer: Answer, of operation: Operation) throws(Undescribed) {
        guard let outcome = operation.outcomes.first(where: { $0.status == answer.status }) else {
            throw Undescribed(description: "\(operation.id) answers \(answer.status), which it does not say")
        }
        let described = Set(outcome.fields.map(\.rawValue))
        if let field = answer.fields.keys.first(where: { $0 != "content-type" && !described.contains($0) }) {
            throw Undescribed(description: "\(operation.id) answers \(answer.status) with the field \(field), which it does not say")
        }
        let type = answer.fields["content-type"]
        switch (outcome.content, answer.body) {
        case (.nothing, .nothing): return
        case (.json(let schema), .json(let json)):
            if let finding = schema.findings(in: json).first {
                throw Undescribed(description: "\(operation.id) answers \(answer.status) where \(finding.pointer) \(finding.reason)")
            }
        case (.bytes(let types), .bytes), (.bytes(let types), .stream):
            guard let type, types.contains(type) else {
                throw Undescribed(description: "\(operation.id) answers \(type ?? "no type"), which it does not say")
            }
        default: throw Undescribed(description: "\(operation.id) answers \(answer.status) with another content than it says")
        }
    }
}
