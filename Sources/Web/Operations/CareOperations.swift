internal import Custody
internal import Evidence
internal import Ledger

/// The ledger's own proofs, legal holds and erasures.
enum CareOperations {
    private static let tag = "archive"

    static func all(_ archive: Archive) -> [Operation] {
        [
            checkpoint(archive), keys(archive), prove(archive), pull(archive), keep(archive), holds(archive), hold(archive), release(archive),
            erase(archive),
        ]
    }

    private static func checkpoint(_ archive: Archive) -> Operation {
        Operation(
            "checkpoint", .get, "/api/v1/checkpoint", "What the archive has signed last of both trees; nothing of it is personal", tag: tag,
            outcomes: [Operation.Outcome(200, .json(.checkpoint), "The signed notes.")], refusals: [409]
        ) { _ in .json(members(try await archive.checkpoint())) }
    }

    private static func keys(_ archive: Archive) -> Operation {
        Operation(
            "keys", .get, "/api/v1/keys", "The public keys that the archive signs and signed with", tag: tag, access: .anybody,
            outcomes: [Operation.Outcome(200, .json(.keys), "The keys.")]
        ) { _ in .json(members(try await archive.keys())) }
    }

    private static func prove(_ archive: Archive) -> Operation {
        Operation(
            "records.prove", .get, "/api/v1/records/{record}/proof", "Proves that a record is in the signed ledger", tag: tag,
            parameters: [.path("record", "The record's number.", .count)], outcomes: [Operation.Outcome(200, .json(.proof), "Copy and proof.")]
        ) { call in
            let number = call.integer("record") ?? -1
            let (proof, copy) = try await archive.prove(record: number, by: try call.actor)
            return .json(members(number, proof, copy))
        }
    }

    private static func pull(_ archive: Archive) -> Operation {
        Operation(
            "witness.pull", .get, "/api/v1/witness", "What a witness is shown that has seen so much: that both trees continue it", tag: tag,
            parameters: [
                .query("records", .count, "Records that were seen; none where it is not given."),
                .query("access", .count, "Entries of the access log that were seen."),
            ],
            outcomes: [Operation.Outcome(200, .bytes(["application/json"]), "As `minhchung witness pull` takes it.")], refusals: [409]
        ) { call in
            let pull = try await archive.pull(since: call.integer("records") ?? 0, access: call.integer("access") ?? 0, by: try call.actor)
            return .bytes(pull.bytes, mediaType: "application/json")
        }
    }

    private static func keep(_ archive: Archive) -> Operation {
        Operation(
            "witness.keep", .post, "/api/v1/witness/cosignatures", "Keeps the cosignatures that a witness returned", tag: tag, scope: .administer,
            body: .json(.object([.required("reply", .prose(max: 100_000), "What `minhchung witness pull` printed.")])),
            outcomes: [Operation.Outcome(204, .nothing, "They are kept.")]
        ) { call in
            let reply: WitnessReply
            do { reply = try WitnessReply(parsing: Array(try call.body.text("reply").utf8)) } catch {
                throw Problem.field("/reply", "is none of a witness: \(error)")
            }
            try await archive.keep(reply, by: try call.actor)
            return .nothing
        }
    }

    // MARK: Holds and erasure

    private static let grounds: [Schema.Member] = [
        .required("reason", .line(max: 2000)), .required("basis", .line(max: 2000), "The law or decision that it rests on."), DossierOperations.role,
    ]

    private static func grounds(_ body: Members) throws(Problem) -> ErasureGrounds {
        ErasureGrounds(reason: try body.text("reason"), legalBasis: try body.text("basis"), role: try body.role)
    }

    private static func holds(_ archive: Archive) -> Operation {
        let hold = Schema.object([
            .required("subject", .reference), .required("record", .count), .required("reason", .words), .required("basis", .words),
        ])
        return Operation(
            "holds.list", .get, "/api/v1/holds", "What may not be erased", tag: tag,
            outcomes: [Operation.Outcome(200, .json(.object([.required("holds", .list(hold))])), "The holds that hold.")]
        ) { call in
            let holds = try await archive.holds(by: try call.actor)
            return .json([
                "holds": .array(
                    holds.map {
                        .members([
                            "subject": .string($0.subject), "record": .number($0.record), "reason": .string($0.reason),
                            "basis": .string($0.legalBasis),
                        ])
                    })
            ])
        }
    }

    private static let held = Operation.Outcome(
        200, .json(.object([.required("record", .count)])), "The record that says so.")

    private static func hold(_ archive: Archive) -> Operation {
        Operation(
            "holds.place", .post, "/api/v1/holds", "Keeps an item, a person or a dossier from being erased", tag: tag, scope: .administer,
            body: .json(.object([.required("subject", .reference)] + grounds)), outcomes: [held], creates: true
        ) { call in
            .json(["record": .number(try await archive.placeHold(try call.body.text("subject"), grounds: try grounds(call.body), by: try call.actor))]
            )
        }
    }

    private static func release(_ archive: Archive) -> Operation {
        Operation(
            "holds.release", .post, "/api/v1/holds/{subject}/release", "Releases a legal hold", tag: tag, scope: .administer,
            parameters: [.path("subject", "An item, a person or a dossier.")], body: .json(.object(grounds)), outcomes: [held]
        ) { call in
            .json(["record": .number(try await archive.releaseHold(try call.text("subject"), grounds: try grounds(call.body), by: try call.actor))])
        }
    }

    private static func erase(_ archive: Archive) -> Operation {
        Operation(
            "erasures.erase", .post, "/api/v1/erasures", "Erases a person or items, for good; says what it would do unless told to apply it",
            tag: tag,
            scope: .administer,
            body: .json(
                .object(
                    [
                        .required("references", .array(.reference, max: 1000), "One person, or items."), .optional("apply", .boolean, "Do it."),
                        .optional(
                            "shared", .choice(["erase", "keep"]),
                            "What becomes of what is about others too and names the person; needed where there is something of the kind."),
                    ] + grounds)),
            outcomes: [Operation.Outcome(200, .json(.erasurePlan), "What was done, or would be.")], creates: true
        ) { call in
            let body = call.body
            let plan = try await archive.erase(
                body.texts("references"), grounds: try grounds(body), takesShared: body.optionalText("shared").map { $0 == "erase" },
                applies: body.flag("apply"), by: try call.actor)
            return .json(members(plan))
        }
    }
}
