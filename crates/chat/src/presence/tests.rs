use super::*;

fn person(n: u128) -> UserId {
    UserId::from_uuid(uuid::Uuid::from_u128(n))
}

#[test]
fn the_first_socket_is_told_and_the_second_is_not() {
    let presence = Presence::default();
    let ann = person(1);
    assert_eq!(presence.socket_opened(ann), vec![Effect::emit(Audience::Watchers(ann), Event::UserConnected(ann))]);
    assert_eq!(presence.socket_opened(ann), vec![]);
}

#[tokio::test(start_paused = true)]
async fn a_reload_shows_nothing() {
    let presence = Presence::default();
    let ann = person(1);
    presence.socket_opened(ann);
    presence.socket_closed(ann, Instant::now());
    tokio::time::advance(GRACE - Duration::from_millis(1)).await;
    assert_eq!(presence.expire(Instant::now()), vec![]);
    assert_eq!(presence.socket_opened(ann), vec![], "she never went");
    tokio::time::advance(GRACE * 2).await;
    assert_eq!(presence.expire(Instant::now()), vec![]);
}

#[tokio::test(start_paused = true)]
async fn whoever_closes_the_last_socket_is_gone_after_the_grace() {
    let presence = Presence::default();
    let ann = person(1);
    presence.socket_opened(ann);
    presence.socket_opened(ann);
    presence.socket_closed(ann, Instant::now());
    tokio::time::advance(GRACE).await;
    assert_eq!(presence.expire(Instant::now()), vec![], "the other tab is open");
    presence.socket_closed(ann, Instant::now());
    assert!(presence.is_online(ann));
    tokio::time::advance(GRACE).await;
    assert_eq!(
        presence.expire(Instant::now()),
        vec![Effect::emit(Audience::Watchers(ann), Event::UserDisconnected(ann))]
    );
    assert!(!presence.is_online(ann));
}
