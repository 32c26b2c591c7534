"""Business KPIs and analytics: engagement, community health, revenue and conversion, voice and video."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders import dashboard

from dashboards import frame
from dashboards.frame import Row, filled, row
from dashboards.parts import RED, YELLOW, Query, lines, number, share, table
from dashboards.selectors import of, quantile, rate, ratio

_API: Final = "cryb-api"
_EXPORTER: Final = "business-metrics"


def _kpi(metric: str, *matchers: str) -> str:
    """A KPI that each instance of the API computes for the whole platform."""
    return of(_API, metric, *matchers, instance=False)


def _told(metric: str, by: str = "", *matchers: str) -> str:
    """The same, once: any instance's answer, the newest being the largest at most a refresh apart."""
    return f"max{f' by ({by})' if by else ' '}({_kpi(metric, *matchers)})"


def _exported(metric: str, *matchers: str) -> str:
    return of(_EXPORTER, metric, *matchers, instance=False)


def board() -> dashboard.Dashboard:
    """The dashboard."""
    found = frame.framed(
        frame.BUSINESS,
        "CRYB / Business KPIs and analytics",
        "Who uses the platform and how much, how communities do, what is paid, how calls sound.",
        hours=24,
    ).with_variable(frame.environment())
    return filled(found, _engagement(), _community(), _revenue(), _voice())


def _engagement() -> Row:
    return row(
        "Users and engagement",
        number("Daily active users", "People seen within a day.", "short", Query(_told("cryb_daily_active_users"))),
        number("Weekly active users", "People seen within a week.", "short", Query(_told("cryb_weekly_active_users"))),
        number(
            "Monthly active users",
            "People seen within a month.",
            "short",
            Query(_told("cryb_monthly_active_users")),
        ),
        share(
            "Stickiness",
            "Daily over monthly active users: the share of people who come on an average day.",
            Query(f"{_told('cryb_daily_active_users')} / {_told('cryb_monthly_active_users')}"),
        ),
        number(
            "Registrations",
            "New accounts an hour.",
            "short",
            Query(f"3600 * {rate(_kpi('cryb_user_registrations_total'))}"),
            decimals=1,
        ),
        number(
            "Churn (7 days)",
            "Share of users of the week before who did not come back. Above 15 % UserChurnHigh fires.",
            "percent",
            Query(_told("cryb_user_churn_rate", "", 'period="7d"')),
            limits=((10, YELLOW), (15, RED)),
            decimals=1,
        ),
        lines(
            "Daily active users and last week's",
            "Today beside the same time a week ago. 30 % below it DailyActiveUsersDrop fires.",
            "short",
            Query(_told("cryb_daily_active_users"), "now"),
            Query(f"max({_kpi('cryb_daily_active_users')} offset 1w)", "a week ago"),
        ),
        lines(
            "Engagement score",
            "Of 100, by how much people use the platform. 20 % under last week's EngagementDecline fires.",
            "short",
            Query(_told("cryb_user_engagement_score", "user_tier"), "{{user_tier}}"),
            high=100,
        ),
        lines(
            "Message velocity",
            "Messages a minute over the last hour.",
            "short",
            Query(_told("cryb_message_velocity"), "messages a minute"),
        ),
        lines(
            "Registrations by source",
            "New accounts an hour. 50 % under the same time last week RegistrationDrop fires.",
            "short",
            Query(f"3600 * {rate(_kpi('cryb_user_registrations_total'), 'source')}", "{{source}}"),
            stacked=True,
        ),
        lines(
            "Sessions by device",
            "Sessions that began, a second.",
            "ops",
            Query(rate(_kpi("cryb_user_sessions_total"), "device_type"), "{{device_type}}"),
            stacked=True,
        ),
        lines(
            "Session length",
            "Half of the sessions are at least as short, and 95 %.",
            "s",
            Query(quantile(0.5, _kpi("cryb_user_session_duration_seconds_bucket")), "median"),
            Query(quantile(0.95, _kpi("cryb_user_session_duration_seconds_bucket")), "p95"),
        ),
        lines(
            "Retention by cohort",
            "Share of the people of a cohort who came back within the period.",
            "percent",
            Query(_told("cryb_user_retention_rate", "period, cohort"), "{{cohort}} ({{period}})"),
            high=100,
            span=12,
        ),
        lines(
            "Churn",
            "Share of users who did not come back, by how long they have been away.",
            "percent",
            Query(_told("cryb_user_churn_rate", "period"), "{{period}}"),
            limits=((15, RED),),
            span=12,
        ),
    )


def _community() -> Row:
    return row(
        "Community health",
        lines(
            "Content created",
            "Posts, comments and reactions a second.",
            "ops",
            Query(rate(_kpi("cryb_posts_created_total")), "posts"),
            Query(rate(_kpi("cryb_comments_created_total")), "comments"),
            Query(rate(_kpi("cryb_reactions_created_total")), "reactions"),
        ),
        lines(
            "Active communities",
            "Communities in which something happened, by how often it does.",
            "short",
            Query(_told("cryb_communities_active", "activity_level"), "{{activity_level}}"),
        ),
        lines(
            "Community engagement",
            "Share of members who took part, by the community's size.",
            "percent",
            Query(_told("cryb_community_engagement_rate", "community_size"), "{{community_size}}"),
        ),
        lines(
            "Members joining and leaving",
            "Community memberships a second.",
            "ops",
            Query(rate(_kpi("cryb_community_memberships_total"), "action"), "{{action}}"),
        ),
        lines(
            "Moderation",
            "Actions of moderators a second, by kind.",
            "ops",
            Query(rate(_kpi("cryb_moderation_actions_total"), "action_type"), "{{action_type}}"),
        ),
        lines(
            "Messages by channel type",
            "Messages a second.",
            "ops",
            Query(rate(_kpi("cryb_messages_total"), "channel_type"), "{{channel_type}}"),
            stacked=True,
        ),
        table(
            "Communities with most posts",
            "Posts within the last hour, the ten communities with most.",
            "short",
            Query(f"topk(10, sum by (community) (increase({_kpi('cryb_posts_created_total')}[1h])))"),
        ),
        lines(
            "Open support tickets",
            "Tickets that wait for an answer, by priority.",
            "short",
            Query(f"max by (priority) ({_exported('cryb_business_support_tickets')})", "{{priority}}"),
            span=12,
        ),
    )


def _revenue() -> Row:
    return row(
        "Revenue and conversion",
        lines(
            "Monthly recurring revenue",
            "By plan.",
            "currencyUSD",
            Query(_told("cryb_monthly_recurring_revenue_usd", "plan_type"), "{{plan_type}}"),
            stacked=True,
        ),
        lines(
            "Revenue of the day",
            "What came in since midnight, by source.",
            "currencyUSD",
            Query(f"max by (source) ({_exported('cryb_business_daily_revenue')})", "{{source}}"),
        ),
        lines(
            "Revenue per user",
            "Of the last 30 days.",
            "currencyUSD",
            Query(f"max({_exported('cryb_business_average_revenue_per_user')})", "per user"),
        ),
        lines(
            "Conversion",
            "Share of people who go on to the next stage of the funnel.",
            "percent",
            Query(_told("cryb_conversion_rate", "funnel_stage"), "{{funnel_stage}}"),
        ),
        lines(
            "Payments that succeed",
            "By method. Below 90 % PaymentFailures fires.",
            "percent",
            Query(_told("cryb_payment_success_rate", "payment_method"), "{{payment_method}}"),
            low=None,
            high=100,
        ),
        lines(
            "Subscriptions cancelled",
            "Share of subscribers who cancelled, by plan. Twice last week's SubscriptionCancellations fires.",
            "percent",
            Query(_told("cryb_subscription_churn_rate", "plan_type"), "{{plan_type}}"),
        ),
    )


def _voice() -> Row:
    return row(
        "Voice and video",
        lines(
            "Calls",
            "Calls that go on, by kind.",
            "short",
            Query(f"sum by (type) ({_kpi('cryb_voice_calls_active')})", "{{type}}"),
            stacked=True,
        ),
        lines(
            "Poor calls",
            "Share of calls whose quality was poor. Above 10 % VoiceQualityPoor fires.",
            "percentunit",
            Query(
                ratio(_kpi("cryb_voice_calls_poor_quality_total"), _kpi("cryb_voice_calls_total"), "type"),
                "{{type}}",
            ),
            limits=((0.1, RED),),
        ),
        lines(
            "Voice quality",
            "Score of 10 that the business exporter computes from all calls.",
            "short",
            Query(f"max({_exported('cryb_business_voice_call_quality_score')})", "of 10"),
            low=None,
            high=10,
        ),
        lines(
            "Packet loss (p95)",
            "95 % of the streams lose at most this share of their packets.",
            "percent",
            Query(quantile(0.95, _kpi("cryb_audio_packet_loss_percent_bucket"), "codec"), "audio {{codec}}"),
            Query(quantile(0.95, _kpi("cryb_video_packet_loss_percent_bucket")), "video"),
        ),
        lines(
            "Call length",
            "Half of the calls are at least as short, and 95 %.",
            "s",
            Query(quantile(0.5, _kpi("cryb_voice_call_duration_seconds_bucket")), "median"),
            Query(quantile(0.95, _kpi("cryb_voice_call_duration_seconds_bucket")), "p95"),
        ),
        lines(
            "Video bitrate (median)",
            "By resolution, in kilobits a second.",
            "Kbits",
            Query(quantile(0.5, _kpi("cryb_video_stream_bitrate_kbps_bucket"), "resolution"), "{{resolution}}"),
        ),
    )
