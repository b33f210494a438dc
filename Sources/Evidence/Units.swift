/// What kind of body a unit is.
public enum UnitKind: String, Sendable, CaseIterable {
    case province
    /// Until 30/6/2025.
    case district
    case commune, ward
    case specialZone = "special-zone"
    /// Thôn, bản, ấp, khối phố, tổ dân phố.
    case locality
    /// Cơ quan, đơn vị, doanh nghiệp.
    case agency
    case school
    /// Hội Khuyến học and its branches.
    case association
}

/// What a unit is called, from a day on. A code alone never names a unit: codes are used again with another meaning.
public struct UnitDeclaration: Sendable, Equatable {
    public let unit: UnitID
    public let name: String
    /// The official code of that time, or a local one.
    public let code: String?
    public let kind: UnitKind
    public let parent: UnitID?
    public let validFrom: CalendarDate
    /// The last day; `nil` while it holds.
    public let validUntil: CalendarDate?
    public let legalBasis: String?

    public init(
        unit: UnitID, name: String, code: String?, kind: UnitKind, parent: UnitID?, validFrom: CalendarDate,
        validUntil: CalendarDate?, legalBasis: String?
    ) {
        self.unit = unit
        self.name = name
        self.code = code
        self.kind = kind
        self.parent = parent
        self.validFrom = validFrom
        self.validUntil = validUntil
        self.legalBasis = legalBasis
    }
}

/// How one unit became another.
public enum SuccessionKind: String, Sendable, CaseIterable {
    case merge, split, rename, retype, abolish
}

/// A link in the graph of units. What was decided keeps the unit of its date.
public struct UnitSuccession: Sendable, Equatable {
    public let from: UnitID
    /// `nil` when it was abolished without a successor.
    public let to: UnitID?
    public let kind: SuccessionKind
    /// Whether all of `from` went there; where only a part did, which part somebody is in is for a human to say.
    public let isWhole: Bool
    public let effectiveOn: CalendarDate
    public let legalBasis: String?

    public init(
        from: UnitID, to: UnitID?, kind: SuccessionKind, isWhole: Bool, effectiveOn: CalendarDate, legalBasis: String?
    ) {
        self.from = from
        self.to = to
        self.kind = kind
        self.isWhole = isWhole
        self.effectiveOn = effectiveOn
        self.legalBasis = legalBasis
    }
}
