internal import Custody
internal import Ledger

/// The description of the interface as OpenAPI 3.1 has it, made of the operations themselves.
enum OpenAPI {
    static func document(_ operations: [Operation]) -> JSON {
        var paths: [String: [String: JSON]] = [:]
        var components: [String: JSON] = [:]
        for operation in operations {
            paths[operation.path, default: [:]][operation.method.rawValue] = describe(operation)
            for (name, schema) in schemas(of: operation).flatMap(\.components) { components[name] = schema.inlined }
        }
        return .object([
            "openapi": .string("3.1.0"),
            "info": .object([
                "title": .string("MinhChung"), "version": .string("1"),
                "description": .string(
                    "The evidence archive. What somebody may not see is answered as if it were not there. Problems are as RFC 9457 has them. "
                        + "HEAD is answered wherever GET is. Under the X-Request-Id of an answer it is in the server's log."),
            ]),
            "tags": .array(Set(operations.map(\.tag)).sorted().map { .object(["name": .string($0)]) }),
            "paths": .object(paths.mapValues(JSON.object)),
            "components": .object([
                "schemas": .object(components),
                "securitySchemes": .object([
                    "token": .object(["type": .string("http"), "scheme": .string("bearer"), "description": .string("A personal token.")]),
                    "session": .object([
                        "type": .string("apiKey"), "in": .string("cookie"), "name": .string(SessionCookie.secureName),
                        "description": .string("What changes something needs the header field X-CSRF-Token too."),
                    ]),
                ]),
            ]),
        ])
    }

    private static func schemas(of operation: Operation) -> [Schema] {
        var schemas = [Problem.schema]
        if case .json(let schema)? = operation.body { schemas.append(schema) }
        for outcome in operation.outcomes { if case .json(let schema) = outcome.content { schemas.append(schema) } }
        return schemas + operation.parameters.map(\.schema)
    }

    private static func describe(_ operation: Operation) -> JSON {
        var json: [String: JSON] = [
            "operationId": .string(operation.id), "summary": .string(operation.summary), "tags": .array([.string(operation.tag)]),
        ]
        var parameters = operation.parameters.map(describe)
        if operation.access == .signedIn, !operation.method.isSafe { parameters.append(crossSiteToken) }
        if !parameters.isEmpty { json["parameters"] = .array(parameters) }
        switch operation.body {
        case nil: break
        case .json(let schema): json["requestBody"] = body(["application/json": .object(["schema": schema.json])])
        case .bytes(let types, _):
            json["requestBody"] = body(Dictionary(types.map { ($0, .object(["schema": form($0)])) }, uniquingKeysWith: { first, _ in first }))
        }
        var responses: [String: JSON] = [:]
        for outcome in operation.outcomes { responses["\(outcome.status)"] = describe(outcome) }
        for status in operation.problems where responses["\(status)"] == nil {
            responses["\(status)"] = .object([
                "description": .string("Not done; `type` and `detail` say why."),
                "content": .object(["application/problem+json": .object(["schema": Problem.schema.json])]),
            ])
        }
        json["responses"] = .object(responses)
        let needs = JSON.array([.object(["token": .array([])]), .object(["session": .array([])])])
        json["security"] = operation.access == .signedIn ? needs : .array([])
        json["x-scope"] = operation.access == .signedIn ? .string(operation.scope.rawValue) : nil
        return .object(json)
    }

    /// Bytes are what they are; a form has the parts that whoever hands in files gives.
    private static func form(_ type: String) -> JSON {
        guard type == "multipart/form-data" else { return .object([:]) }
        let metadata = Schema.object(ReviewOperations.metadata).json
        return .object([
            "type": .string("object"), "required": .array([.string("file")]), "additionalProperties": .bool(false),
            "properties": .object([
                "metadata": metadata,
                "file": .object(["type": .string("string"), "contentMediaType": .string("application/octet-stream")]),
            ]),
        ])
    }

    private static func body(_ content: [String: JSON]) -> JSON { .object(["required": .bool(true), "content": .object(content)]) }

    private static let crossSiteToken = JSON.object([
        "name": .string("X-CSRF-Token"), "in": .string("header"), "required": .bool(false), "schema": .object(["type": .string("string")]),
        "description": .string("The token of the session, as signing in answers it: needed with its cookie, and not looked at with a token."),
    ])

    private static func describe(_ parameter: Operation.Parameter) -> JSON {
        .object([
            "name": .string(parameter.name), "in": .string(parameter.place.rawValue), "required": .bool(parameter.isRequired),
            "description": .string(parameter.description), "schema": parameter.schema.json,
        ])
    }

    private static func describe(_ outcome: Operation.Outcome) -> JSON {
        var json: [String: JSON] = ["description": .string(outcome.description)]
        if !outcome.fields.isEmpty {
            json["headers"] = .object(
                Dictionary(
                    uniqueKeysWithValues: outcome.fields.map { field in
                        let form = JSON.object(["type": .string("string")])
                        return (field.rawValue, .object(["description": .string(field.description), "schema": form]))
                    }))
        }
        switch outcome.content {
        case .nothing: break
        case .json(let schema): json["content"] = .object(["application/json": .object(["schema": schema.json])])
        case .bytes(let types):
            let bytes = JSON.object(["schema": .object([:])])
            json["content"] = .object(Dictionary(types.map { ($0, bytes) }, uniquingKeysWith: { first, _ in first }))
        }
        return .object(json)
    }
}
