/// Everything that is limited, and how. All of it is on.
public struct Limits: Sendable, Equatable {
    /// Connections at a time, from everybody.
    public var connections = 4096
    /// Connections at a time from one address; from a trusted proxy any number.
    public var connectionsPerAddress = 128
    /// A connection on which nothing is asked for is closed after so long.
    public var idleSeconds = 60
    /// A request has to come at this rate over ``slowSeconds``, or the connection is closed.
    public var receiveBytesPerSecond = 1024
    /// For so long a request may come slower, or an answer may not go on at all.
    public var slowSeconds = 30
    /// Until the answer of an operation begins, without the time that its body takes to come.
    public var operationSeconds = 60
    /// For so long a body of JSON may come.
    public var bodySeconds = 60
    /// All header fields of a request, and any one.
    public var headerBytes = 16_384
    public var headerCount = 64
    /// A body of JSON.
    public var jsonBytes = 1 << 20
    /// Requests that are being done at a time; more are told to come again.
    public var requests = 256
    /// Bodies of JSON that come at a time, in all and from one address; they are no requests that are being done until they are there.
    public var arrivingBodies = 512
    public var arrivingBodiesPerAddress = 64
    /// Files that come at a time, in all and from one account; they take no place of other requests, however slow they are.
    public var transfers = 256
    public var transfersPerAccount = 32
    /// Files that go at a time, in all and to one account; whoever takes them slowly keeps nobody else from asking.
    public var downloads = 256
    public var downloadsPerAccount = 32
    /// What was accepted has so long to end when the server stops.
    public var stopSeconds = 60

    public init() {}
}
