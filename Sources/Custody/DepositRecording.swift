internal import Catalog
public import Evidence
internal import Synchronization
internal import Vault

/// A file in staging and what is declared of it, about to become an item of record.
struct StagedDeposit: Sendable {
    let object: StagedObject
    let metadata: EvidenceMetadata
    /// The id that the item gets.
    var item = EvidenceID.random()
    /// Stages the file once more: an erasure may have taken the object that it was already.
    let again: @Sendable () throws -> StagedObject
}

/// What became of a file that was deposited. It survives kill -9 and power loss.
public enum DepositOutcome: Sendable, Equatable {
    case deposited(item: EvidenceID, object: ObjectDescription, isNewObject: Bool)
    /// This person deposited this file of this holder before, and its stored bytes were read again and are right. What is
    /// declared now was not recorded; where it says something else, `describe` records it.
    case alreadyDeposited(item: EvidenceID, object: ObjectDescription, isDescribedOtherwise: Bool)

    public var item: EvidenceID {
        switch self {
        case .deposited(let item, _, _), .alreadyDeposited(let item, _, _): item
        }
    }

    public var object: ObjectDescription {
        switch self {
        case .deposited(_, let object, _), .alreadyDeposited(_, let object, _): object
        }
    }
}

/// What sealing and recording did with one staged deposit.
struct RecordedDeposit: Sendable {
    let outcome: Result<DepositOutcome, any Error>
    /// What had stood in the object's place and is in quarantine now.
    var damage: Damage?
    /// Whether its text waits to be extracted, and nobody else of its batch was told so.
    var isToExtract = false
}

/// What one caller wants to have sealed and recorded: all of it that was not refused, or nothing.
final class DepositRequest: Sendable {
    let deposits: [StagedDeposit]
    let actor: Actor
    let outcome = Mutex<Result<[RecordedDeposit], any Error>?>(nil)

    init(_ deposits: [StagedDeposit], by actor: Actor) {
        self.deposits = deposits
        self.actor = actor
    }
}

extension Archive {
    /// Seals and records what was staged; when it returns, what it answers survives power loss. What waits while an act goes on is
    /// sealed and recorded together, with one sync for all.
    ///
    /// - Returns: an outcome for each of the deposits, in their order.
    func recordDeposits(_ deposits: [StagedDeposit], by actor: Actor) throws -> [RecordedDeposit] {
        guard !deposits.isEmpty else { return [] }
        let request = DepositRequest(deposits, by: actor)
        waitingDeposits.withLock { $0.append(request) }
        // Not while something is erased: its object may be one of these.
        try acting {
            // Whoever acted before may have taken this along.
            guard request.outcome.withLock({ $0 == nil }) else { return }
            let group = waitingDeposits.withLock { waiting in
                defer { waiting = [] }
                return waiting
            }
            do {
                for (request, outcome) in zip(group, try record(group)) { request.outcome.withLock { $0 = outcome } }
            } catch {
                for request in group { request.outcome.withLock { $0 = .failure(error) } }
            }
        }
        // Proof for `!`: whoever acted gave each request of its group an outcome.
        return try request.outcome.withLock { $0 }!.get()
    }

    /// What may be deposited once.
    private struct SameDeposit: Hashable {
        let object: Digest
        let depositor: String
        let holder: String?
        let fileName: String?
    }

    /// What one request comes to.
    private struct Draft {
        var repairs: [Catalog.Draft] = []
        var deposits: [Catalog.Draft] = []
        var pieceLists: [Digest: [Digest]] = [:]
        /// For each deposit; `nil` while that is open.
        var recorded: [RecordedDeposit?] = []
        /// Requests whose records this one takes for granted.
        var rests: Set<Int> = []
    }

    private func record(_ requests: [DepositRequest]) throws -> [Result<[RecordedDeposit], any Error>] {
        var drafts = requests.map { _ in Draft() }
        var all: [(request: Int, position: Int, deposit: StagedDeposit, object: StagedObject)] = []
        for (index, request) in requests.enumerated() {
            for (position, deposit) in request.deposits.enumerated() {
                do {
                    // Looked at once more: this is the moment that counts.
                    try permitDeposit(for: deposit.metadata.person, by: request.actor)
                    drafts[index].recorded.append(nil)
                    all.append((index, position, deposit, try staged(deposit)))
                } catch {
                    objects.discard(deposit.object)
                    drafts[index].recorded.append(RecordedDeposit(outcome: .failure(error)))
                }
            }
        }
        let outcomes = try sealing(all.map(\.object))
        // What was erased and comes again is new.
        let named = try catalog.objects(all.map(\.object.digest))
        let known = named.filter { $0.value.erasedRecord == nil }
        var inGroup: [SameDeposit: (item: EvidenceID, metadata: EvidenceMetadata, request: Int)] = [:]
        var (seen, toExtract, repaired): (Set<Digest>, Set<Digest>, Set<Digest>) = ([], [], [])
        for ((index, position, deposit, staged), outcome) in zip(all, outcomes) {
            let (metadata, object, actor) = (deposit.metadata, staged.description, requests[index].actor)
            if case .refused(let damage) = outcome {
                drafts[index].recorded[position] = RecordedDeposit(outcome: .failure(VaultError.damaged(staged.digest, damage)))
                continue
            }
            if !repaired.contains(staged.digest) {
                let repairs = try repairs(of: [(staged.digest, outcome)], known: known)
                if !repairs.isEmpty { repaired.insert(staged.digest) }
                drafts[index].repairs += repairs
            }
            let key = SameDeposit(
                object: staged.digest, depositor: actor.principal, holder: metadata.holder, fileName: metadata.fileName)
            var earlier = inGroup[key].map { (item: $0.item, metadata: $0.metadata) }
            if let request = inGroup[key]?.request, request != index { drafts[index].rests.insert(request) }
            if earlier == nil, known[staged.digest] != nil,
                let view = try catalog.sameDeposit(
                    object: staged.digest, depositor: actor.principal, holder: metadata.holder, fileName: metadata.fileName)
            {
                earlier = (view.id, view.metadata)
            }
            var recorded: RecordedDeposit
            if let earlier {
                recorded = RecordedDeposit(
                    outcome: .success(
                        .alreadyDeposited(
                            item: earlier.item, object: object, isDescribedOtherwise: metadata.declares(otherThan: earlier.metadata))))
            } else {
                inGroup[key] = (deposit.item, metadata, index)
                drafts[index].deposits.append(
                    Catalog.Draft(
                        .evidenceDeposited(Deposit(item: deposit.item, object: object, metadata: metadata)), subjects: [deposit.item.text]))
                drafts[index].pieceLists[staged.digest] = staged.pieces
                let isNew = known[staged.digest] == nil && seen.insert(staged.digest).inserted
                recorded = RecordedDeposit(outcome: .success(.deposited(item: deposit.item, object: object, isNewObject: isNew)))
            }
            if case .replacedDamaged(let damage) = outcome { recorded.damage = damage }
            recorded.isToExtract = known[staged.digest]?.extractionRecord == nil && toExtract.insert(staged.digest).inserted
            drafts[index].recorded[position] = recorded
        }
        let results = append(drafts, of: requests)
        try rememberAgain(named)
        return results
    }

    private func append(_ drafts: [Draft], of requests: [DepositRequest]) -> [Result<[RecordedDeposit], any Error>] {
        let acting = drafts.indices.filter { !drafts[$0].repairs.isEmpty || !drafts[$0].deposits.isEmpty }
        let appended = catalog.append(
            each: acting.map { index in
                Catalog.Act(
                    drafts[index].repairs + drafts[index].deposits, by: requests[index].actor, at: now(), pieceLists: drafts[index].pieceLists)
            })
        var failures: [Int: any Error] = [:]
        for (index, result) in zip(acting, appended) {
            if case .failure(let error) = result { failures[index] = error }
        }
        return drafts.enumerated().map { index, draft in
            if let error = failures[index] ?? draft.rests.sorted().lazy.compactMap({ failures[$0] }).first { return .failure(error) }
            return .success(draft.recorded.compactMap(\.self))
        }
    }

    /// What was there when it was staged may have been erased since: then it is staged anew.
    private func staged(_ deposit: StagedDeposit) throws(VaultError) -> StagedObject {
        guard deposit.object.isPresent, try !objects.isStored(deposit.object.digest) else { return deposit.object }
        // because sealing refuses what cannot be staged again, as missing; a file that has changed since is not what was declared.
        guard let again = try? deposit.again(), again.digest == deposit.object.digest else { return deposit.object }
        return again
    }

    /// What was erased and is here again was looked at before, and forgotten: the time of deposit counts anew.
    func rememberAgain(_ named: [Digest: ObjectView]) throws {
        let again = named.filter { $0.value.erasedRecord != nil }.keys.sorted()
        if !again.isEmpty { try catalog.markChecked(again, at: now()) }
    }

    /// Seals, and leaves nothing in staging when that fails.
    func sealing(_ staged: [StagedObject]) throws -> [SealOutcome] {
        do {
            return try objects.seal(staged)
        } catch {
            staged.forEach(objects.discard)
            throw error
        }
    }

    /// Records for objects that were damaged or gone and are whole again by what was sealed: the ledger shows both.
    func repairs(
        of sealed: some Sequence<(Digest, SealOutcome)>, known: [Digest: ObjectView]
    ) throws -> [Catalog.Draft] {
        var drafts: [Catalog.Draft] = []
        var repaired: Set<Digest> = []
        for (digest, outcome) in sealed {
            guard let object = known[digest] else { continue }
            let damage: Damage? =
                switch outcome {
                // Named by a record and not there until now.
                case .stored: .missing
                case .replacedDamaged(let damage): damage
                case .alreadyStored: nil
                case .refused: nil
                }
            if case .refused = outcome { continue }
            guard damage != nil || object.isDamaged, repaired.insert(digest).inserted else { continue }
            let items = try catalog.items(of: digest).map(\.id.text)
            if let damage, !object.isDamaged {
                drafts.append(Catalog.Draft(.objectDamaged(object: digest, damage: damage.description), subjects: items))
            }
            drafts.append(Catalog.Draft(.objectRestored(object: digest), subjects: items))
        }
        return drafts
    }
}
