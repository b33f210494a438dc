/// How reading an object ended.
public enum ExtractionState: String, Sendable, CaseIterable {
    /// There is text.
    case extracted
    /// The file was read and holds no text (a scan, a photo).
    case noText = "no-text"
    /// The file is of a kind that this version does not read.
    case kindNotRead = "kind-not-read"
    /// The file could not be read; `reason` says why.
    case failed
}

/// What extraction found in an object: a fact of record, because citations to pages rest on it.
public struct ExtractionFinding: Sendable, Equatable {
    public var state: ExtractionState
    /// By content, never by file name, e.g. `application/pdf`.
    public var mediaType: String?
    /// How many pages the document has, also where not all of them were read.
    public var pageCount: Int?
    /// The text object: UTF-8 in NFC, each page ended by a form feed (U+000C). Set where `state` is `extracted`.
    public var text: ObjectDescription?
    /// Why the text stops before the document does (a limit), `nil` when all of it was read.
    public var incomplete: String?
    /// Why it failed, for people.
    public var reason: String?
    /// What the file says of itself, e.g. `title`, `author`, `created`, `captured`, `width`, `encoding`; unconfirmed.
    public var facts: [String: String]
    /// The tool and its version, e.g. `minhchung-extract/1 poppler/22.12.0 magic/544`.
    public var tool: String

    public init(
        state: ExtractionState, mediaType: String? = nil, pageCount: Int? = nil, text: ObjectDescription? = nil,
        incomplete: String? = nil, reason: String? = nil, facts: [String: String] = [:],
        tool: String
    ) {
        self.state = state
        self.mediaType = mediaType
        self.pageCount = pageCount
        self.text = text
        self.incomplete = incomplete
        self.reason = reason
        self.facts = facts
        self.tool = tool
    }
}
