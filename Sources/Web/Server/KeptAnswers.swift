internal import Custody
internal import Evidence
internal import Ledger

/// Sees to it that a request which brings an `Idempotency-Key` makes nothing twice: the same again gets the first answer again, also
/// from another process, for a day.
struct KeptAnswers: Sendable {
    let archive: Archive

    /// Does what is asked for, or answers what was answered before.
    func performing(_ call: Call) async throws -> Answer {
        guard call.operation.creates, let key = call.optionalText("idempotency-key"), let actor = call.signedIn?.actor else {
            return try await call.operation.perform(call)
        }
        let operation = call.operation
        switch try await archive.earlierRequest(call.digest, key: key, by: actor, identifiers: { try Answer(kept: $0).identifiers(operation) }) {
        case .none: break
        case .answered(let bytes): return try Answer(kept: bytes)
        case .other:
            throw Problem(
                "idempotency-key", 422, "The key is another request's",
                "this Idempotency-Key came with another request, or before your roles were changed; take a new one")
        case .atWork:
            throw Problem(
                "at-work", 409, "It was asked for before",
                "a request with this Idempotency-Key is at work: send it again with the same key later")
        case .forgotten:
            throw Problem(
                "answer-forgotten", 409, "It was asked for before",
                "a request with this Idempotency-Key was done, or was cut off, and its answer is not kept: look whether it was done before you send it with another key"
            )
        }
        let answer: Answer
        do {
            answer = try await call.operation.perform(call)
        } catch {
            // What failed here may have been done; of all else nothing was recorded.
            if Problem(of: error).status != 500 { try await archive.forgetRequest(key: key, by: actor) }
            throw error
        }
        if let kept = answer.kept {
            try await archive.keepAnswer(kept, key: key, by: actor)
        } else {
            try await archive.forgetRequest(key: key, by: actor)
        }
        return answer
    }
}

extension Call {
    /// Of what is asked for. Bytes that come in pieces are told apart by their number only: handed in again, they double nothing.
    fileprivate var digest: Digest {
        var members: [String: JSON] = [
            "operation": .string(operation.id), "parameters": .object(parameters.filter { $0.key != "idempotency-key" }),
        ]
        members["body"] = json
        members["length"] = content?.length.map(JSON.integer)
        return Digest(of: JSON.object(members).canonicalBytes)
    }
}

extension Answer {
    /// As it is kept; `nil` where it cannot be, because it is sent while it is read.
    fileprivate var kept: [UInt8]? {
        var members: [String: JSON] = ["status": .integer(Int64(status)), "fields": .object(fields.mapValues(JSON.string))]
        switch body {
        case .nothing: break
        case .json(let json): members["json"] = json
        case .bytes, .stream: return nil
        }
        return JSON.object(members).canonicalBytes
    }

    /// The ids in it, where its operation says that ids stand.
    fileprivate func identifiers(_ operation: Operation) -> Set<String> {
        guard case .json(let json) = body, case .json(let schema)? = operation.outcomes.first(where: { $0.status == status })?.content else {
            return []
        }
        return schema.identifiers(in: json)
    }

    fileprivate init(kept bytes: [UInt8]) throws {
        guard case .object(let members) = try JSON(canonical: bytes), case .integer(let status)? = members["status"],
            case .object(let fields)? = members["fields"]
        else { throw Problem.failure }
        self.init(
            status: Int(status), fields: fields.compactMapValues { if case .string(let text) = $0 { text } else { nil } },
            body: members["json"].map(Body.json) ?? .nothing)
    }
}
