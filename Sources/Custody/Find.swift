internal import Catalog
public import Evidence
internal import Foundation
internal import Vault
internal import VietnameseText

/// Which items to find. `nil` asks nothing; of a name it takes words that follow one another, in any spelling.
public struct FindFilter: Sendable, Hashable {
    public var kind: EvidenceKind?
    public var issuer: String?
    public var holder: String?
    public var issuedFrom: CalendarDate?
    public var issuedUntil: CalendarDate?

    public init(
        kind: EvidenceKind? = nil, issuer: String? = nil, holder: String? = nil, issuedFrom: CalendarDate? = nil,
        issuedUntil: CalendarDate? = nil
    ) {
        self.kind = kind
        self.issuer = issuer
        self.holder = holder
        self.issuedFrom = issuedFrom
        self.issuedUntil = issuedUntil
    }

    var catalogFilter: ItemFilter {
        ItemFilter(kind: kind, issuer: issuer, holder: holder, issuedFrom: issuedFrom, issuedUntil: issuedUntil)
    }
}

/// All that is known of one evidence item, read from records that were checked.
public struct ItemAccount: Sendable {
    public let id: EvidenceID
    public let object: ObjectDescription
    public let depositor: Actor
    public let depositedAt: Timestamp
    public let depositRecord: Int
    /// As declared last.
    public let metadata: EvidenceMetadata
    public let metadataRecord: Int
    /// What extraction found last; `nil` while it was not tried.
    public let extraction: ExtractionFinding?
    /// The record of ``extraction``, which may be about another item of the same bytes: only for who may know of those.
    public let extractionRecord: Int?
    /// What the text itself says, unconfirmed: see ``Suggestion``.
    public let suggestions: [Suggestion]
    /// What reviewers found of its truth, oldest first, each with its record.
    public let findings: [(header: RecordHeader, verification: EvidenceVerification)]
    /// What is known of its truth now; ``findings`` that are older than the metadata are no more.
    public let verification: VerificationState
    public let supersededBy: EvidenceID?
    /// The last check found the object missing or changed.
    public let isDamaged: Bool
    /// Records about the item, oldest first: number, kind, time, actor. Those about its bytes only for who may know who else has these.
    public let history: [RecordHeader]
}

/// Metadata that extraction suggests and nobody has declared.
public struct Suggestion: Sendable, Equatable {
    public let field: String
    public let value: String
}

/// An item in a list.
public struct ItemSummary: Sendable {
    public let id: EvidenceID
    public let object: Digest
    /// Bytes.
    public let size: Int64
    public let depositedAt: Timestamp
    public let metadata: EvidenceMetadata
    public let extraction: ExtractionState?

    init(_ view: ItemView) {
        id = view.id
        object = view.object
        size = view.size
        depositedAt = view.depositedAt
        metadata = view.metadata
        extraction = view.extraction
    }
}

/// A page where a search found its words.
public struct SearchHit: Sendable {
    public let item: EvidenceID
    public let object: Digest
    public let metadata: EvidenceMetadata
    /// From 1; 0 is the declared metadata.
    public let page: Int
    /// Digest of the text that the page is of; `nil` for page 0.
    public let text: Digest?
    /// An excerpt in the original spelling, and where the words stand in it; `nil` when the text is damaged.
    public let snippet: (text: String, matches: [Range<String.Index>])?
}

public struct SearchAnswer: Sendable {
    public let hits: [SearchHit]
    /// Pages that have all words, counted up to a limit.
    public let count: Int
    public let isCountCapped: Bool
}

/// The same words, asked by the same account, have the same answer.
struct SearchQuestion: Hashable {
    let query: String
    let isExact: Bool
    let filter: FindFilter
    let limit: Int
    let offset: Int
    let actor: Actor
}

extension Archive {
    /// Everything about one item. The view is in the access log before the answer is given.
    ///
    /// - Parameter reference: the item's id or the beginning of it.
    public func item(_ reference: String, by actor: Actor) async throws -> ItemAccount {
        try await blocking.run { [self] in
            let id = try resolve(reference, by: actor)
            let account = try catalog.oneLook {
                try self.account(of: id, comparing: try catalog.item(id, within: reach(of: actor, to: .compare)) != nil)
            }
            try catalog.appendAccess(.viewed, to: [id.text], by: actor, at: now())
            return account
        }
    }

    private func account(of id: EvidenceID, comparing: Bool) throws -> ItemAccount {
        let records = try catalog.records(about: id.text)
        var deposit: (header: RecordHeader, Deposit)?
        var metadata: (EvidenceMetadata, Int)?
        var findings: [(header: RecordHeader, verification: EvidenceVerification)] = []
        for (header, body) in records {
            switch body {
            case .evidenceDeposited(let found):
                deposit = (header, found)
                metadata = (found.metadata, header.number)
            case .evidenceDescribed(_, let described): metadata = (described, header.number)
            case .evidenceVerified(let verification): findings.append((header, verification))
            default: break  // because nothing else declares, deposits or verifies
            }
        }
        guard let (header, deposited) = deposit, let (declared, metadataRecord) = metadata else {
            throw ArchiveError.noSuchItem(id.text)
        }
        let object = try catalog.object(deposited.object.digest)
        let extraction = try object.flatMap(finding)
        let known = try catalog.verification(of: id)
        return ItemAccount(
            id: id, object: deposited.object, depositor: header.actor, depositedAt: header.time,
            depositRecord: header.number, metadata: declared, metadataRecord: metadataRecord, extraction: extraction,
            extractionRecord: comparing ? object?.extractionRecord : nil, suggestions: try suggestions(from: extraction), findings: findings,
            verification: known.state,
            supersededBy: known.supersededBy, isDamaged: object?.isDamaged ?? false,
            history: records.map(\.header).filter { comparing || !Self.kindsOfObjects.contains($0.kind) })
    }

    /// A record of these is about all items that had the bytes then: who sees that it is not about theirs knows that others had them before.
    private static let kindsOfObjects = Set([RecordKind.objectExtracted, .objectDamaged, .objectRestored].map(\.rawValue))

    /// Bytes of the first page that are looked at for suggestions.
    private static let headLimit = 8192

    private func suggestions(from finding: ExtractionFinding?) throws -> [Suggestion] {
        guard let text = finding?.text else { return [] }
        // A damaged text suggests nothing; `verify` reports it.
        let head: [UInt8]
        do {
            head = try objects.open(text, pieces: try catalog.pieces(of: text)).bytes(0..<min(text.size, Int64(Self.headLimit)))
        } catch { return [] }
        let page = String(decoding: head.prefix { $0 != 0x0C }, as: UTF8.self)
        var suggestions: [Suggestion] = []
        if let code = DocumentNumber.first(in: page) { suggestions.append(Suggestion(field: "code", value: code.description)) }
        if let date = IssueDate.first(in: page) { suggestions.append(Suggestion(field: "issued_on", value: date.description)) }
        return suggestions
    }

    /// Items, newest deposit first. What is listed is in the access log before the answer is given.
    ///
    /// - Parameter before: the last item of the page before, to go on after it.
    public func items(
        _ filter: FindFilter = FindFilter(), before: EvidenceID? = nil, limit: Int = 50, by actor: Actor
    ) async throws -> [ItemSummary] {
        try await blocking.run { [self] in
            let reach = try reach(of: actor, to: .read)
            var key: Int64?
            if let before {
                key = try catalog.item(resolve(before.text, by: actor))?.key
            }
            let items: [ItemView]
            if filter.catalogFilter.isEmpty {
                items = try catalog.items(before: key, within: reach, limit: limit)
            } else {
                try followIndex()
                items = try catalog.items(keys: searchIndex().items(filter.catalogFilter, before: key, within: reach, limit: limit))
            }
            if !items.isEmpty { try catalog.appendAccess(.listed, to: items.map(\.id.text), by: actor, at: now()) }
            return items.map(ItemSummary.init)
        }
    }

    /// Characters of a snippet.
    private static let snippetLength = 160

    /// Finds pages by words. What is shown is in the access log before the answer is given; the words are not.
    ///
    /// - Parameters:
    ///   - isExact: diacritics matter; without it `dong thap` and `Đồng Tháp` find the same.
    ///   - limit: pages to answer.
    public func search(
        _ query: String, isExact: Bool = false, filter: FindFilter = FindFilter(), limit: Int = 20, offset: Int = 0,
        by actor: Actor
    ) async throws -> SearchAnswer {
        let question = SearchQuestion(query: query, isExact: isExact, filter: filter, limit: limit, offset: offset, actor: actor)
        return try await searches.answer(question, on: blocking) { [self] askers in
            try followIndex()
            let (answer, shown) = try catalog.oneLook { try found(question) }
            if !shown.isEmpty { try catalog.appendAccess(.found, to: shown, by: actor, at: now(), times: askers) }
            return answer
        }
    }

    /// What a search finds, and the items that the answer shows.
    private func found(_ question: SearchQuestion) throws -> (answer: SearchAnswer, shown: [String]) {
        guard
            let result = try searchIndex().search(
                question.query, isExact: question.isExact, filter: question.filter.catalogFilter,
                within: reach(of: question.actor, to: .read), limit: question.limit, offset: question.offset)
        else { throw ArchiveError.noWords(query: question.query) }
        let terms = question.query.split(whereSeparator: \.isWhitespace)
            .map { Tokens.of(SearchForm.folded(String($0))).map(String.init) }.filter { !$0.isEmpty }
        var texts: [Digest: StoredObject] = [:]
        let hits = try result.hits.compactMap { hit -> SearchHit? in
            guard let item = try catalog.item(hit.item) else { return nil }
            return SearchHit(
                item: hit.item, object: hit.object, metadata: item.metadata, page: hit.page, text: hit.text,
                snippet: try snippet(hit, of: item, terms: terms, texts: &texts))
        }
        var shown: [String] = []
        for hit in hits where !shown.contains(hit.item.text) { shown.append(hit.item.text) }
        return (SearchAnswer(hits: hits, count: result.count, isCountCapped: result.isCountCapped), shown)
    }

    private func snippet(
        _ hit: SearchIndex.Hit, of item: ItemView, terms: [[String]], texts: inout [Digest: StoredObject]
    ) throws -> (text: String, matches: [Range<String.Index>])? {
        guard let digest = hit.text else {
            return Snippet.excerpt(of: item.metadata.searchText, matching: terms, length: Self.snippetLength)
        }
        do {
            if texts[digest] == nil, let text = try catalog.object(digest)?.description {
                texts[digest] = try objects.open(text, pieces: try catalog.pieces(of: text))
            }
            // What the index says is not believed: it may be damaged or edited.
            guard let stored = texts[digest], hit.range.upperBound <= stored.description.size, hit.range.lowerBound >= 0
            else { return nil }
            let page = try stored.bytes(Int64(hit.range.lowerBound)..<Int64(hit.range.upperBound))
            return Snippet.excerpt(of: String(decoding: page, as: UTF8.self), matching: terms, length: Self.snippetLength)
        } catch is VaultError {
            return nil
        }
    }
}
